"""Counts and sums of a simulated sale, for comparison with what arrived."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudkasse_etl.i18n.formats import plain_euros, spelled
from cloudkasse_etl.i18n.messages import ENGLISH, Language
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.sandbox.till.day_closings import has_effect
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES, VOUCHERS_SOLD

NO_VAT = "none"
# A Beleg with only these is not a customer's visit.
CASH_CASES = frozenset(
    {
        "Anfangsbestand",
        "Auszahlung",
        "DifferenzSollIst",
        "Einzahlung",
        "Geldtransit",
        "Lohnzahlung",
        "Privateinlage",
        "Privatentnahme",
        "TrinkgeldAN",
        "ZuschussEcht",
    }
)


@dataclass(frozen=True)
class SalesSummary:
    """What a call of `sell` sold: each receipt once, however often it was delivered.

    Attributes:
        days: The business days, ISO 8601.
        registers: The numbers of the registers.
        receipts: Sales and returns; what was asked for.
        sales: Those without a returned article.
        returns: Those with a returned article: a live Umsatz line of a negative quantity.
        voids: Counter-entries of finished receipts; on top of `receipts`.
        broken_off: Receipts of kind Beleg without effect; on top of `receipts`.
        cash_receipts: Opening cash, cash in and out, counting, tips paid out; on top of `receipts`.
        by_kind: All receipts by kind (DSFinV-K BON_TYP).
        lines: Lines of all receipts, cancelled ones included.
        turnover_cents: What was sold less returns and voids, gross, as transform/turnover_cases.py defines it.
        vouchers_sold_cents: Multi-purpose vouchers and what was paid onto cards; no turnover.
        gross_cents: By rate ("none" where no VAT applies) the live lines of receipts with an effect.
        net_cents, tax_cents: By rate, the printed VAT blocks of receipts with an effect.
        business_cases: By business case, the gross of live lines of receipts with an effect.
        tenders: By register and tender, what was paid in base currency in receipts with an effect.
        closings: How many closings were made.
        late: Receipts that first arrived more than half an hour after they ended.
        after_closing: Receipts that first arrived after the closing of their day.
        repeated: Receipts that were delivered twice.
    """

    days: tuple[str, ...]
    registers: tuple[str, ...]
    receipts: int
    sales: int
    returns: int
    voids: int
    broken_off: int
    cash_receipts: int
    by_kind: dict[str, int]
    lines: int
    turnover_cents: int
    vouchers_sold_cents: int
    gross_cents: dict[str, int]
    net_cents: dict[str, int]
    tax_cents: dict[str, int]
    business_cases: dict[str, int]
    tenders: dict[str, dict[str, int]]
    closings: int
    late: int
    after_closing: int
    repeated: int


@dataclass
class Tally:
    """Adds receipts up to a summary."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    gross: Counter[str] = field(default_factory=Counter)
    net: Counter[str] = field(default_factory=Counter)
    tax: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    tenders: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: dict[str, None] = field(default_factory=dict)  # a dict keeps the order

    def add(self, receipts: Iterable[dict[str, Any]]) -> None:
        """Add a closed day of a register."""
        self.counts["closings"] += 1
        for receipt in receipts:
            self.days[receipt["business_day"]] = None
            self.kinds[receipt["kind"]] += 1
            self.counts["lines"] += len(receipt["lines"])
            if has_effect(receipt):
                self._add_sums(receipt)
                self.counts[_group(receipt)] += 1
            elif receipt["kind"] == "Beleg":
                self.counts["broken_off"] += 1

    def summary(self, *, registers: Iterable[str], late: int, after_closing: int, repeated: int) -> SalesSummary:
        """Return the summary of all that was added.

        Args:
            registers: The numbers of the registers.
            late: Receipts that first arrived more than half an hour after they ended.
            after_closing: Receipts that first arrived after the closing of their day.
            repeated: Receipts that were delivered twice.

        Returns:
            The summary.
        """
        counts = self.counts
        return SalesSummary(
            days=tuple(self.days),
            registers=tuple(registers),
            receipts=counts["sales"] + counts["returns"],
            sales=counts["sales"],
            returns=counts["returns"],
            voids=counts["voids"],
            broken_off=counts["broken_off"],
            cash_receipts=counts["cash_receipts"],
            by_kind=_sorted(self.kinds),
            lines=counts["lines"],
            turnover_cents=sum(self.cases[case] for case in TURNOVER_CASES),
            vouchers_sold_cents=self.cases[VOUCHERS_SOLD],
            gross_cents=_sorted(self.gross),
            net_cents=_sorted(self.net),
            tax_cents=_sorted(self.tax),
            business_cases=_sorted(self.cases),
            tenders={register: _sorted(sums) for register, sums in sorted(self.tenders.items())},
            closings=counts["closings"],
            late=late,
            after_closing=after_closing,
            repeated=repeated,
        )

    def _add_sums(self, receipt: dict[str, Any]) -> None:
        for line in receipt["lines"]:
            if not line["cancelled"]:
                self.gross[line["vat_rate"] or NO_VAT] += line["gross_cents"]
                self.cases[line["business_case"]] += line["gross_cents"]
        for block in receipt["vat"]:
            self.net[block["vat_rate"]] += block["net_cents"]
            self.tax[block["vat_rate"]] += block["tax_cents"]
        for payment in receipt["payments"]:
            self.tenders[receipt["register"]][payment["tender"]] += payment["base_amount_cents"]


def describe_sales(summary: Mapping[str, Any], language: Language = ENGLISH) -> str:
    """What was sold, in two sentences; its parts add up to the receipts that will be fetched."""
    of_effect = [summary[name] for name in ("sales", "returns", "voids", "cash_receipts")]
    every = sum(summary["by_kind"].values())
    text = say(
        "{receipts} on {registers} over {days}: {sales}, {returns}, {voids}, {cash:,} of cash alone, {idle:,} without "
        "effect. Turnover {turnover} gross, vouchers sold {vouchers}; {late}, {closings}.",
        receipts=say_count("{count:,} receipt", "{count:,} receipts", count=every),
        registers=say_count("{count:,} register", "{count:,} registers", count=len(summary["registers"])),
        days=say_count("{count:,} day", "{count:,} days", count=len(summary["days"])),
        sales=say_count("{count:,} sale", "{count:,} sales", count=summary["sales"]),
        returns=say_count("{count:,} return", "{count:,} returns", count=summary["returns"]),
        voids=say_count("{count:,} void", "{count:,} voids", count=summary["voids"]),
        cash=summary["cash_receipts"],
        idle=every - sum(of_effect),
        turnover=spelled(plain_euros(summary["turnover_cents"]), language),
        vouchers=spelled(plain_euros(summary["vouchers_sold_cents"]), language),
        late=say_count("{count:,} receipt comes late", "{count:,} receipts come late", count=summary["late"]),
        closings=say_count("{count:,} closing", "{count:,} closings", count=summary["closings"]),
    )
    return text.render(language)


def _group(receipt: dict[str, Any]) -> str:
    if receipt["reference"] is not None:
        return "voids"
    live = [line for line in receipt["lines"] if not line["cancelled"]]
    if all(line["business_case"] in CASH_CASES for line in live):
        return "cash_receipts"
    is_return = any(line["business_case"] == "Umsatz" and line["quantity"].startswith("-") for line in live)
    return "returns" if is_return else "sales"


def _sorted(sums: Counter[str]) -> dict[str, int]:
    return dict(sorted(sums.items()))
