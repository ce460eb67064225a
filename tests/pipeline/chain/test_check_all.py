"""Protects that a check of all companies names what is wrong and where, and nothing else."""

import pytest

from tests.support.chains.chain_program import ChainProgram


def test_only_companies_with_problems_are_named(chain: ChainProgram) -> None:
    code, out, _ = chain.call("check", "--all-companies")
    assert (code, out.strip()) == (0, "2 of 2 companies are well.")
    chain.chain.worlds["hamburg"].server.__exit__(None)
    chain.chain.worlds["berlin"].settings["timezone"] = "nowhere"
    code, out, _ = chain.call("check", "--all-companies")
    assert code == 2
    assert [line for line in out.splitlines() if line.startswith("──")] == ["── berlin ──", "── hamburg ──"]
    assert "berlin.yaml:" in out
    assert out.splitlines()[-1] == "0 of 2 companies are well."
    chain.chain.worlds["berlin"].settings["timezone"] = "Europe/Berlin"
    code, out, _ = chain.call("check", "--all-companies")
    assert code == 20
    assert "berlin" not in out
    assert out.splitlines()[-1] == "1 of 2 companies are well."
    code, found = chain.call_json("check", "--all-companies")
    assert (code, found["ok"], found["problems"]) == (20, False, [])
    assert found["companies"]["berlin"] == {"ok": True, "problems": []}
    (problem,) = found["companies"]["hamburg"]["problems"]
    assert (problem["where"], bool(problem["text"]), bool(problem["cure"])) == ("CloudKasse", True, True)


@pytest.mark.parametrize("arguments", [("--company", "berlin"), ("--all-companies",)])
def test_a_misnamed_file_and_a_variable_of_no_company_are_named(
    chain: ChainProgram, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (chain.chain.companies / "Köln.yaml").write_text("language: en\n", encoding="utf-8")
    monkeypatch.setenv("CLOUDKASSE_API_TOKEN__MUNICH", "a-secret-of-nobody")
    code, out, said = chain.call("check", *arguments)
    assert code == 2
    assert "a-secret-of-nobody" not in out + said
    for words in ("Köln.yaml: This file is no company's settings", "CLOUDKASSE_API_TOKEN__MUNICH: This environment"):
        assert words in out
    code, found = chain.call_json("check", *arguments)
    assert (code, found["ok"], len(found["problems"])) == (2, False, 2)


def test_what_all_share_is_checked_once(chain: ChainProgram) -> None:
    chain.chain.shared["alerts"] = {"webhook": True}
    code, found = chain.call_json("check", "--all-companies")
    assert code == 20
    assert [problem["where"] for problem in found["problems"]] == ["alerts"]
    assert [one["ok"] for one in found["companies"].values()] == [True, True]
