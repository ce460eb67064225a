"""Protects `undo` and `plan undo` as they are typed: what is printed, exit codes, and what goes with what."""

from tests.support.books import fetch_and_book, sale, with_accounts
from tests.support.programs import Program


def test_an_import_is_planned_and_undone_at_the_prompt(program: Program) -> None:
    world = program.world
    world.settings = with_accounts(world.settings)
    world.server.store.deliver_receipts([sale(1), sale(2)])
    assert program.call("undo", "--receipt", "K1-1")[0] == 2  # without a reason
    for wrong in (("undo", "--reason", "x"), ("undo", "--run", "a", "--day", "2026-11-23", "--reason", "x"),
                  ("undo", "--receipt", "K1-1", "--register", "K1", "--reason", "x"), ("plan", "undo"),
                  ("plan", "import", "--dismiss")):  # fmt: skip
        assert program.call(*wrong)[0] == 2, wrong
    fetch_and_book(world)
    code, planned = program.call_json("plan", "undo", "--day", "2026-11-23")
    assert (code, planned["run_id"], [one["id"] for one in planned["receipts"]]) == (0, None, ["R1", "R2"])
    code, told, _ = program.call("undo", "--receipt", "K1-1", "--reason", "wrong account")
    assert code == 0
    assert "The import of 1 receipt is undone. Counter-entries: postings 4, stock movements 1." in told
    assert "The receipts are staged again" in told
    told = program.call("undo", "--receipt", "K1-1", "--reason", "wrong account")[1]
    assert "The import of K1-1 · 2026-11-23 · 23.80 € was undone before." in told
    assert (
        "There is no register K9."
        in program.call("undo", "--day", "2026-11-23", "--register", "K9", "--reason", "x")[2]
    )
    assert "Nothing is booked of it" in program.call("undo", "--day", "2026-11-24", "--reason", "x")[1]
    code, done = program.call_json("undo", "--receipt", "K1-1", "--reason", "wrong account")
    assert (code, done["receipts"], done["already"]) == (0, [], ["R1"])
    assert program.call("receipts", "show", "K1-1")[0] == 0
