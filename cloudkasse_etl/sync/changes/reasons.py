"""The reasons why a run processes everything instead of the changed articles: one sentence each, for UI and commands.

Each completes "Looks at everything: …". A test causes every one of them (test_reasons.py).
"""

from collections.abc import Iterable

from cloudkasse_etl.i18n.text import Text, say


def asked() -> Text:
    """A full comparison was requested."""
    return say("a comparison of all records was asked for")


def retried() -> Text:
    """It was requested to try rejected records again, which may belong to any article."""
    return say("rejected records are to be tried again")


def price_group_unusable() -> Text:
    """The name of a price group would make a price's key ambiguous or too long."""
    return say("the number of a price group has a vertical bar or more than 20 characters")


def never_finished() -> Text:
    """There is no snapshot of the ERP's rows: this is the first run, or none was completed."""
    return say("no earlier run has compared everything to its end")


def out_of_step(asset: str) -> Text:
    """The stored result of an asset does not belong to the snapshot of the ERP's rows."""
    return say("{asset} was updated by itself, or by a run that did not end", asset=asset)


def without_rowversion(tables: Iterable[str]) -> Text:
    """A table's changes cannot be detected."""
    return say("changes in {tables} cannot be seen, as column TS is missing there", tables=", ".join(tables))


def rows_untraceable(table: str) -> Text:
    """A table's rows cannot be tracked one by one."""
    return say("{table} has row numbers or rowversions that are unusable", table=table)


def program_changed() -> Text:
    """This release computes something else from the same rows."""
    return say("the program has been updated since the last run")


def erp_changed() -> Text:
    """Another database is read."""
    return say("the address of the ERP has changed since the last run")


def settings_changed() -> Text:
    """A setting that master data depend on has changed."""
    return say("the settings have changed since the last run")


def table_changed(table: str) -> Text:
    """A table has changed whose rows do not belong to single articles."""
    return say("table {table} has changed since the last run", table=table)


def rates_changed() -> Text:
    """Other VAT rates are in force by the calendar, although their table is unchanged."""
    return say("other VAT rates are in force than at the last run")


def cloud_changed() -> Text:
    """Registers or articles were uploaded without the records that depend on them."""
    return say("registers or articles were sent without the records that depend on them")


def something_changed() -> Text:
    """One of these, stored by a release that did not record which."""
    return say("something that all articles depend on has changed since the last run")


def day_changed() -> Text:
    """A price begins or ends with the calendar."""
    return say("prices have begun or ended since the last run")


def waiting_for_a_register() -> Text:
    """Nothing could be uploaded before, so all of it may be now."""
    return say("articles or prices were waiting for a register")


def refused_by_the_cloud(asset: str) -> Text:
    """Refusals that depend on more than the record: they are tried again in every run."""
    return say("records of {asset} that the till refused are tried again in every run", asset=asset)


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
    """A changed article's number could be confused with another part of a key."""
    return say("the number of a changed article is empty, too long or has characters that a number must not have")


def erp_in_motion() -> Text:
    """Rows changed while the changes were being determined."""
    return say("the ERP was being changed while it was asked for changes")


def lost(records: str) -> Text:
    """The cloud holds fewer records than it accepted."""
    return say("the till holds fewer {records} than were sent", records=records)


def interrupted(records: str) -> Text:
    """Requests of a run that died were never answered."""
    return say("an interrupted upload of {records} was finished first", records=records)


def registers_sent() -> Text:
    """A register was added during this run, for which articles may have been waiting."""
    return say("registers were sent in this run")
