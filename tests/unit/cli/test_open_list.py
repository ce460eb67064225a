"""Protects that `rejections` prints all that is open: each record by name, each cure, what is missing, what waits."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from assets.cli.commands import open_rejections
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.missing_numbers import Gap
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
from cloudkasse_etl.sync.monitoring.gaps import Missing
from cloudkasse_etl.sync.monitoring.open_records import OpenReport
from cloudkasse_etl.sync.monitoring.waiting import LongWait
from cloudkasse_etl.sync.run.receipt_sums import FateSum, ReceiptSums

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


def test_every_record_cure_gap_and_wait_is_printed_and_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    refused = [
        Rejection("revenue_postings", f"r{n}", "account_missing", {"setting": "accounts.clearing"}) for n in range(300)
    ]
    refused += [
        Rejection("cloudkasse_articles", f"A{n}", "cloud.gtin_invalid", {"value": f"bad{n}"}) for n in range(300)
    ]
    report = OpenReport(
        "en",
        rejections=tuple(refused),
        causes=tuple(by_cause(refused, "en")),
        missing=(Missing("staged_receipts", (Gap("K1", 7, 9),), "en"),),
        waits=(LongWait("staged_receipts", 2, NOW, ("K1-1", "K1-2"), "en", "Not booked.", "Import them."),),
        sums=ReceiptSums((FateSum("staged", count=2, cents={"EUR": 4760}),)),
        last_run=LastRun("all", NOW, "failed", "failed: no network"),
    )
    open_rejections._print(report, ZoneInfo("Europe/Berlin"))
    shown = capsys.readouterr().out.split()
    assert {r.name() for r in refused} <= {word.rstrip(";:") for word in shown}
    told = " ".join(shown)
    for text in (
        'clearing: "ACCOUNT" below accounts',
        "Correct or empty the EAN number",
        "receipts dismiss --missing K1 7-9",
        "Not booked.",
        "staged_receipts · 2 · since 2026-11-24 09:00 CET ·",
        "K1-1; K1-2",
        "What to do: Import them.",
        "no network",
        "2 receipts (47.60 €): 2 waiting for their import",
    ):
        assert text in told
