"""Protects that what a cure tells to enter in cloudkasse.yaml is read from there: its keys are nested."""

import re
from typing import Any

import pytest
import yaml

from cloudkasse_etl.config.sections.account_settings import BUSINESS_CASE_ACCOUNTS, TENDER_ACCOUNTS, Accounts
from cloudkasse_etl.i18n.messages import ENGLISH
from cloudkasse_etl.rejections.missing_settings import each_of, entries
from cloudkasse_etl.transform.books.ledger import setting_name

NAMED = [
    ("clearing",),
    ("revenue", "19.00"),
    *[("tenders", name) for name in TENDER_ACCOUNTS if name != "Unbar"],
    ("tenders", "Unbar", "Rechnung, offen"),
    ("tenders", "Unbar", "a.b-c"),
    ("tenders", "Kreditkarte", "Visa"),
    ("tenders", "Kreditkarte", "*"),
    *[("business_cases", name) for name in BUSINESS_CASE_ACCOUNTS if name != "DifferenzSollIst"],
    ("business_cases", "DifferenzSollIst", "short"),
    ("business_cases", "DifferenzSollIst", "over"),
]


@pytest.mark.parametrize("path", NAMED)
def test_the_line_is_an_account_where_it_is_told_to_stand(path: tuple[str, ...]) -> None:
    told = entries(setting_name("accounts", *path)).render(ENGLISH)
    found = re.fullmatch(r"in cloudkasse.yaml (.+) below accounts((?:: \w+)*)(?: \(or in SelectLine .*\))?", told)
    assert found is not None, told
    line = found[1].replace("ACCOUNT", "1234")
    nested = yaml.safe_load(line)
    for key in reversed(re.findall(r"\w+", found[2])):
        nested = {key: nested}
    read: Any = Accounts(**nested).model_dump()
    for key in path:
        read = read[key]
    assert read == "1234"


def test_several_are_told_at_once_and_what_the_erp_holds_is_told_beside_them() -> None:
    of_the_erp = "ART.KontoVerkauf, KTOGRUPPENPOS.GKonto = '12 34'"
    assert entries(f"accounts.clearing, {of_the_erp}, accounts.tenders.Kreditkarte, accounts.clearing") == (
        'in cloudkasse.yaml clearing: "ACCOUNT" below accounts, Kreditkarte: "ACCOUNT" below accounts: tenders; '
        f"in SelectLine another account for {of_the_erp}"
    )
    assert entries("registers.K9.cash_account") == (
        'in cloudkasse.yaml cash_account: "ACCOUNT" at register K9 below registers'
    )
    assert entries('registers."K 9".tenders.Kreditkarte."*"') == (
        'in cloudkasse.yaml "*": "ACCOUNT" below tenders: Kreditkarte at register "K 9" below registers'
    )
    assert entries("accounts.tend…") == "accounts.tend…"


def test_settings_that_are_told_together_are_told_apart_whatever_their_names_hold() -> None:
    named = [setting_name("accounts", *path) for path in NAMED]
    named += [
        "registers.K9.cash_account",
        'registers."K,9".tenders.Unbar."*"',
        "ART.KontoVerkauf, KTOGRUPPENPOS.GKonto = '12, 34'",
    ]
    assert each_of(", ".join(named)) == named
    assert each_of("accounts.clearing, accounts.clearing") == ["accounts.clearing"]
    assert each_of("accounts.clearing, who knows") == ["accounts.clearing, who knows"]
