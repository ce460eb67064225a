"""Why a run looks at everything instead of the changed articles alone: a sentence each, told in UI and commands.

Each completes "Looks at everything: …". A test brings every one of them about (test_reasons.py).
"""

from collections.abc import Iterable

from cloudkasse_etl.i18n.text import Text, say


def asked() -> Text:
    """Somebody asked for a full comparison."""
    return say("a comparison of all records was asked for")


def retried() -> Text:
    """Somebody asked to try rejected records again, and these may be anywhere."""
    return say("rejected records are to be tried again")


def price_group_unusable() -> Text:
    """The name of a price group would make a price's key ambiguous or too long."""
    return say("the number of a price group has a vertical bar or more than 20 characters")


def never_finished() -> Text:
    """There is no snapshot of the ERP's rows: this is the first run, or none got to its end."""
    return say("no earlier run has compared everything to its end")


def out_of_step(asset: str) -> Text:
    """What was last found of an asset is not what the snapshot of the ERP's rows is about."""
    return say("{asset} was updated by itself, or by a run that did not end", asset=asset)


def without_rowversion(tables: Iterable[str]) -> Text:
    """A table's changes cannot be seen."""
    return say("changes in {tables} cannot be seen, as column TS is missing there", tables=", ".join(tables))


def rows_untraceable(table: str) -> Text:
    """A table's rows cannot be followed one by one."""
    return say("{table} has row numbers or rowversions that are unusable", table=table)


def program_changed() -> Text:
    """A release that makes something else of the same rows."""
    return say("the program has been updated since the last run")


def erp_changed() -> Text:
    """Another database is read."""
    return say("the address of the ERP has changed since the last run")


def settings_changed() -> Text:
    """Some setting that master data depend on is another one."""
    return say("the settings have changed since the last run")


def table_changed(table: str) -> Text:
    """A table whose rows belong to no single article."""
    return say("table {table} has changed since the last run", table=table)


def rates_changed() -> Text:
    """The VAT rates in force are others, although their table is as it was: by the calendar."""
    return say("other VAT rates are in force than at the last run")


def cloud_changed() -> Text:
    """Registers or articles went up without what depends on them."""
    return say("registers or articles were sent without the records that depend on them")


def something_changed() -> Text:
    """The same as one of these, noted by a release that did not say which."""
    return say("something that all articles depend on has changed since the last run")


def day_changed() -> Text:
    """A price begins or ends with the calendar."""
    return say("prices have begun or ended since the last run")


def waiting_for_a_register() -> Text:
    """Nothing could go up before, so all of it may now."""
    return say("articles or prices were waiting for a register")


def refused_by_the_cloud(asset: str) -> Text:
    """Refusals that depend on more than the record: they are tried again in every run."""
    return say("records of {asset} that CloudKasse refused are tried again in every run", asset=asset)


def article_unknown() -> Text:
    """A refused record whose key does not name its article."""
    return say("a refused record does not tell which article it belongs to")


def many_rows(table: str, most: int) -> Text:
    """So much has changed that reading all is as quick."""
    return say("more than {most:,} rows of {table} have changed", most=most, table=table)


def many_places(table: str) -> Text:
    """Rows were deleted, or changed out of order, all over a table."""
    return say("rows of {table} were deleted or changed in too many places", table=table)


def many_articles(most: int) -> Text:
    """So much has changed that reading all is as quick."""
    return say("more than {most:,} articles have changed", most=most)


def number_unusable() -> Text:
    """A changed article's number could be mistaken for something else in a key."""
    return say("the number of a changed article is empty, too long or has characters that a number must not have")


def erp_in_motion() -> Text:
    """Rows changed while it was found out which had."""
    return say("the ERP was being changed while it was asked for changes")


def lost(records: str) -> Text:
    """The cloud holds fewer records than it accepted."""
    return say("CloudKasse holds fewer {records} than were sent", records=records)


def interrupted(records: str) -> Text:
    """Requests of a run that died, whose answers never came."""
    return say("an interrupted upload of {records} was finished first", records=records)


def registers_sent() -> Text:
    """A register that came during this run, for which articles may have been waiting."""
    return say("registers were sent in this run")
