"""Protects our client of SelectLine's ledger against the bundled one: in the right year, and each list whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.erp.selectline_api.selectline_session import NoSessionMemory, UnclearError
from cloudkasse_etl.errors import AuthorizationError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.selectline.selectline_visitor import TENANT
from tests.support.servers.scripted_server import API

HEAD = orjson.dumps({"Description": "cloudkasse:1|K1|closing 7|1", "ProcessingType": "Once"})


@contextmanager
def opened(server: SelectlineServer, year: str | None) -> Iterator[SelectLineClient]:
    connections = Connections(
        erp_url=SecretStr("sqlite://"), state_url=SecretStr("sqlite://"), selectline_url=server.url,
        selectline_user="sandbox", selectline_password=SecretStr("sandbox"), selectline_appkey=SecretStr("sandbox"),
    )  # fmt: skip
    configuration = Configuration(
        settings=Settings.model_validate({"api": API.model_dump()}), connections=connections, path=Path("x.yaml")
    )
    with SelectLineClient(configuration, NoSessionMemory(), backoff_seconds=0.002) as client:
        client.work_in(TENANT, year)
        yield client


@pytest.fixture
def year(selectline: SelectlineServer) -> str:
    return selectline.books.years(TENANT)[1]


def posting(year: str, document: str) -> bytes:
    lines: list[dict[str, Any]] = [
        {"Account": account, "Amount": amount, "Text": "Tagesumsatz", "Currency": "EUR"}
        for account, amount in (("1000", 1.19), ("1371", -1.19))
    ]
    return orjson.dumps({"PostDate": f"{year[-4:]}-05-02T00:00:00", "PostingDocument": document, "Positions": lines})


def fail(server: SelectlineServer, plan: str) -> None:
    server.control.set(FaultPlan.parse(plan, SELECTLINE_FAULTS))


def test_a_batch_is_made_filled_read_back_and_deleted(selectline: SelectlineServer, year: str) -> None:
    with opened(selectline, year) as client:
        ledger = client.ledger
        number = ledger.create_batch(HEAD)
        records = [ledger.add_posting(number, posting(year, f"K1-{at}")) for at in range(12)]  # more than a page has
        assert [row["Record"] for row in ledger.postings(number)] == records
        ledger.delete_posting(number, records[0])
        assert [row["PostingDocument"] for row in ledger.postings(number)][:1] == ["K1-1"]
        assert [row["BatchNumber"] for row in ledger.batches()] == [number]
        found = ledger.batch(number)
        assert found is not None
        assert found["NumberOfProcessings"] == 0
        ledger.delete_batch(number)
        assert (ledger.batch(number), ledger.postings(number), list(ledger.batches())) == (None, [], [])
        with pytest.raises(RefusedError):
            ledger.delete_batch(number)
    assert selectline.sessions.open == []


def test_master_data_is_read_whole(selectline: SelectlineServer, year: str) -> None:
    with opened(selectline, year) as client:
        accounts = {row["Account"] for row in client.ledger.accounts()}
        assert len(accounts) > 30
        assert {"1000", "1371", "8400"} <= accounts
        assert {"3", "2"} <= {row["TaxCodeNumber"] for row in client.ledger.tax_codes()}
        assert [row["DatabaseName"] for row in client.ledger.years(TENANT)] == list(selectline.books.years(TENANT))


def test_the_session_is_in_the_year_or_nothing_is_sent(selectline: SelectlineServer, year: str) -> None:
    with opened(selectline, year) as client:
        assert client.user().year == year
        asked = len(selectline.requests)
        client.work_in(TENANT, year)
        assert len(selectline.requests) == asked
        before = selectline.books.years(TENANT)[0]
        client.work_in(TENANT, before)
        assert client.user().year == before
        fail(selectline, "tenant_ignored:1")
        with pytest.raises(AuthorizationError, match=f"although it was set to tenant '{TENANT}', fiscal year '{year}'"):
            client.work_in(TENANT, year)


def test_a_year_that_is_not_there_is_told_with_the_setting(selectline: SelectlineServer) -> None:
    told = "does not set tenant 'SL_MLINDE', fiscal year 'SL_MLINDEF-1990'"
    with pytest.raises(AuthorizationError, match=told) as refused, opened(selectline, "SL_MLINDEF-1990"):
        pass
    assert "delivery.batch" in str(refused.value.hint)
    assert selectline.sessions.open == []


def test_a_session_that_is_gone_is_begun_again_in_the_same_year(selectline: SelectlineServer, year: str) -> None:
    with opened(selectline, year) as client:
        number = client.ledger.create_batch(HEAD)
        selectline.sessions.end_all()
        with pytest.raises(UnclearError) as unclear:
            client.ledger.add_posting(number, posting(year, "K1-1"))
        assert unclear.value.may_repeat
        assert client.ledger.postings(number) == []
        assert client.user().year == year


def test_a_write_is_never_repeated(selectline: SelectlineServer, year: str) -> None:
    with opened(selectline, year) as client:
        for fault in ("failed_mute", "failed_after", "closed_after", "cut_body"):
            fail(selectline, f"{fault}:1")
            with pytest.raises(UnclearError):
                client.ledger.create_batch(HEAD)
        fail(selectline, "key_exists:1")
        with pytest.raises(RefusedError):
            client.ledger.create_batch(HEAD)
        selectline.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))
        assert len(list(client.ledger.batches())) == 5
