"""`undo`: takes an import back by counter-entries."""

import datetime as dt

import click

from assets.cli.deciding import JSON, REASON, carried_out
from assets.cli.undoing import DAY, DISMISS, RECEIPTS, REGISTER, RUN, print_undo, scope_of


@click.command()
@RECEIPTS
@DAY
@REGISTER
@RUN
@REASON
@DISMISS
@JSON
def undo(
    receipts: tuple[str, ...],
    day: dt.datetime | None,
    register: str | None,
    run: str | None,
    reason: str,
    is_dismissed: bool,
    as_json: bool,
) -> int:
    """Take imports back: of receipts, of a business day, or of a run.

    Nothing is deleted: each posting and stock movement gets a counter-entry that names it, and the receipts are staged
    again. What is undone already stays as it is. `plan undo` tells beforehand what would be done.
    """
    from cloudkasse_etl.sync.receipts.import_undo import undo_import

    scope = scope_of(receipts, day, register, run)
    found, configuration = carried_out(reason, lambda who: undo_import(who, scope, is_dismissed=is_dismissed))
    print_undo(found, configuration.settings.language, as_json=as_json)
    return 0
