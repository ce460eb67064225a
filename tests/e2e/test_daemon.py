"""Protects what the UI's daemon does by itself: alerts go out, old runs go, and no secret stays in what it writes."""

from tests.support.patience import wait_until
from tests.support.servers.ui_server import SECRETS, UI_URL, SharedUi, sync_by_command


def test_the_daemon_alerts_of_a_commands_run_and_prunes(shared_ui: SharedUi) -> None:
    program = shared_ui.ui.program
    link = f"{UI_URL}/runs/{shared_ui.refused_run}"

    def told() -> tuple[list[str], list[str]]:
        mails = [mail.get_content() for mail in shared_ui.mail.mails]
        return [text for text in mails if link in text], [text for text in shared_ui.webhook.texts if link in text]

    wait_until(lambda: all(told()), "nobody was told")
    events = program.home.storage / "history" / "runs" / f"{shared_ui.old_run}.db"
    wait_until(lambda: not events.exists(), "the old run is still there")
    (mail,), (text,) = told()
    assert "cloud.gtin_invalid · 1" in mail
    assert "cloud.gtin_invalid · 1" in text
    program.world.erp("UPDATE ART SET EANNummer = NULL WHERE Artikelnummer = 'A1'")
    sync_by_command(program)
    written = {path: path.read_bytes() for path in program.world.folder.rglob("*") if path.is_file()}
    for secret in SECRETS:
        # the sandbox knows its own token
        assert [path for path, data in written.items() if secret.encode() in data and path.name != "cloud.db"] == []
