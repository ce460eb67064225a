"""Protects the procedure documentation: true to the running program and the settings in force, and without a secret."""

from pathlib import Path

import pytest

from assets.cli.group import group
from assets.cli.running_program import DECIDES, READS, RUNS, TEXTS, commands_of, effect_of
from assets.definitions import assets_of
from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES
from cloudkasse_etl.state.database.append_only import PROTECTED
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.sync.outputs.procedure.guarantees import GUARANTEES
from cloudkasse_etl.sync.outputs.procedure.kept_tables import NOTES
from cloudkasse_etl.sync.outputs.procedure.procedure_texts import OF_THE_COMPANY, RETENTION, ROLES, STATUS_NOTES, STEPS
from cloudkasse_etl.sync.run.settings_record import values_now
from tests.support.books import with_accounts
from tests.support.pages.html_page import Page
from tests.support.programs import Program

pytestmark = pytest.mark.synced
SECRETS = {"CLOUDKASSE_SMTP_PASSWORD": "Geheim-1", "CLOUDKASSE_ALERT_WEBHOOK_URL": "https://hook.example/geheim-2"}
PROSE = [*OF_THE_COMPANY, *RETENTION, *GUARANTEES, *STATUS_NOTES.values(), *(text for _, text in (*STEPS, *ROLES))]


def written(program: Program, path: Path, language: str) -> Page:
    code, out, err = program.call("procedure", "--html", str(path), "--language", language)
    assert (code, err) == (0, "")
    assert str(path) in out
    return Page(path.read_text(encoding="utf-8"))


def test_all_that_there_is_stands_in_it_in_each_language_and_no_secret(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    world = program.world
    world.settings = with_accounts(world.settings)
    world.settings["accounts"]["tenders"]["Kreditkarte"] = {"Visa": "1364", "*": "1365"}
    world.settings["registers"][0]["tenders"] = {"ECKarte": "1377"}
    world.settings["alerts"] = {"ui_url": "https://intern.example/dagster"}
    pages = {language: written(program, tmp_path / f"{language}.html", language) for language in ("en", "de", "fr")}
    settings = world.configuration().settings
    for page in pages.values():
        cells = {cell for row in page.rows for cell in row}
        assert {f"cloudkasse_{name}" for name in NOTES} <= cells
        assert {f"cloudkasse-etl {words}" for words, _ in commands_of(group)} <= cells
        assert set(CATALOGUE) | set(BUSINESS_CASES) <= cells
        assert {spec.key.to_user_string() for one in assets_of("cloudkasse") for spec in one.specs} <= cells
        assert {spec.name for one in assets_of("cloudkasse") for spec in one.check_specs} <= cells
        shown = dict(row[:2] for row in page.rows if len(row) == 2)
        for path, value in values_now(settings).items():
            assert path in shown, path
            assert str(value) == shown[path] or not isinstance(value, str | int) or isinstance(value, bool)
        rows = [tuple(row[1:]) for row in page.rows if len(row) == 4]
        assert ("Kreditkarte", "Visa", "1364") in rows
        assert any(row[0] == "K1" and row[1] == "ECKarte" and row[3] == "1377" for row in page.rows if len(row) == 4)
        html = page.text + " ".join(value or "" for *_, value in page.attributes)
        for secret in filter(None, (*SECRETS.values(), *world.environment.values(), "intern.example")):
            assert secret not in html
    for text in PROSE:
        assert text.render("en").replace("`", "") in pages["en"].text.replace("`", "")
        assert text.render("de").replace("`", "") in pages["de"].text.replace("`", "")
        assert text.render("en") not in pages["de"].text
    assert "Verfahrensdokumentation" in pages["de"].text


def test_a_changed_setting_changes_the_hash_and_stands_in_the_record(program: Program, tmp_path: Path) -> None:
    before = written(program, tmp_path / "a.html", "en")
    program.world.settings["safety"] = {"retire_percent": 33}
    changed = written(program, tmp_path / "b.html", "en")
    assert "has been changed since the last run" in changed.text

    def hash_of(page: Page) -> str:
        return next(row[1] for row in page.rows if row[0] == "Hash of the settings")

    assert hash_of(before) != hash_of(changed)
    assert program.call("sync", "master-data")[0] == 0
    after = written(program, tmp_path / "c.html", "en")
    assert hash_of(after) == hash_of(changed)
    assert ["2", "safety.retire_percent", "20", "33"] in [[row[0], *row[1:]] for row in after.rows if len(row) == 4]
    assert any(row[-1] == hash_of(after) for row in after.rows if len(row) == 6)
    assert "has been changed since the last run" not in after.text


def test_every_table_status_and_command_has_its_text_and_what_is_protected_is_kept() -> None:
    tables = StateTables()
    names = {table.name.removeprefix(tables.prefix) for table in tables.metadata.tables.values()}
    assert names == set(NOTES)
    assert all(NOTES[name].is_kept for name in PROTECTED)
    assert set(STATUS_NOTES) == set(Status)
    commands = dict(commands_of(group))
    assert set(TEXTS) <= set(commands)
    effects = {words: effect_of(words, command) for words, command in commands.items()}
    assert effects["receipts dismiss"] == effects["deliveries retract"] == DECIDES
    assert (effects["sync"], effects["receipts show"]) == (RUNS, READS)
