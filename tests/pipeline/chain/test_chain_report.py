"""Protects the page of a chain: each company, causes across them, and turnover that sums up by currency."""

from pathlib import Path

import pytest

from tests.support.chains.chain_program import ChainProgram
from tests.support.receipts.coffee_receipts import receipt


@pytest.mark.parametrize(("language", "words"), [("en", "All companies"), ("de", "Alle Unternehmen")])
def test_the_page_of_a_chain_has_each_company_its_causes_and_its_turnover(
    chain: ChainProgram, tmp_path: Path, language: str, words: str
) -> None:
    chain.chain.shared["language"] = language
    for key, numbers in (("berlin", (1, 2)), ("hamburg", (3,))):
        world = chain.chain.worlds[key]
        world.settings["language"] = language
        world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
        world.server.store.deliver_receipts([receipt(number) for number in numbers])
    chain.call("sync", "--all-companies", "--here")
    file = tmp_path / "page.html"
    code, out, said = chain.call("report", "--all-companies", "--html", str(file))
    assert (code, "page.html" in out, said) == (0, True, "")
    page = file.read_text(encoding="utf-8")
    assert f"<h1><bdi>{words}</bdi></h1>" in page
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("cloud.gtin_invalid") == 1
    assert "berlin, hamburg" in page
    amounts = {"en": ("47.60 €", "23.80 €", "71.40 €"), "de": ("47,60 €", "23,80 €", "71,40 €")}[language]
    for amount in amounts:
        assert amount in page.replace("\xa0", " ")


def test_a_company_that_cannot_be_read_is_named_and_in_no_sum(chain: ChainProgram, tmp_path: Path) -> None:
    chain.chain.worlds["berlin"].settings["timezone"] = "nowhere"
    file = tmp_path / "page.html"
    assert chain.call("report", "--all-companies", "--html", str(file))[0] == 0
    page = file.read_text(encoding="utf-8")
    assert "are in no sum: berlin." in page
    assert "berlin.yaml:" in page
    code, _, said = chain.call("report", "--last", "--all-companies", "--html", str(file))
    assert (code, "name none" in said) == (2, True)
