"""Finds the one receipt that a person means: by its register and number, by its id, or by the beginning of that."""

import re
from collections.abc import Iterable, Sequence
from itertools import compress

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.messages import ENGLISH
from cloudkasse_etl.i18n.text import Language, joined, say
from cloudkasse_etl.rejections.record_names import ReceiptName
from cloudkasse_etl.rejections.rejection import UNSEEN
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader, ReceiptRow
from cloudkasse_etl.state.stores.books.receipt_status import status_word
from cloudkasse_etl.state.stores.days.day_receipts import DayReceipts
from cloudkasse_etl.state.stores.named_records import NamedRecords, ReceiptHead
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.stores.waiting_records import Waiting

# A register may have the mark in its own number; 16 digits are more than any receipt has, and fit each database.
_NUMBER = re.compile(r"(?P<register>.+)[-/](?P<number>[0-9]{1,16})", re.ASCII)
_TYPED = re.compile(r"(?P<register>.*[^\s/-])(\s*[-/]\s*|\s+)(?P<number>[0-9]{1,16})", re.ASCII)
_DIGITS = 16
_NAME_ENDS = " · "
_SHORT = 8
_CANDIDATES = 6
_LOOKED_AT = 200


def find_receipt(store: StateStores, text: str, language: Language = ENGLISH) -> str:
    """The id of the one receipt that a text names.

    A receipt is named by its whole id, by register and number (`K1-348`, `K1/348`, or its whole name as a table shows
    it), or by the beginning of its id. Where nothing is called so, `k1-348` and `K1 348` name it too. Second contents
    of an id have ids of ours, like `07fcb84b…!3fa8…`: they are meant only if the mark is given, as `short_id` shows it.

    Args:
        store: Our own tables.
        text: What a person typed.
        language: The language of the names in an error.

    Returns:
        The id.

    Raises:
        ConfigurationError: No receipt has this name, or several have; the message names those.
    """
    wanted = text.partition(_NAME_ENDS)[0].strip()
    found = _found(ReceiptReader(store.connection), wanted) if wanted.isprintable() else []
    if len(found) > 1 and _NAME_ENDS in text:  # day and total tell those of one number apart
        called_so = [name == text.strip() for name in names_of(store, found, language)]
        found = list(compress(found, called_so)) or found
    if len(found) == 1:
        return found[0].receipt_id
    if not found:
        how = say(
            "A receipt is named by register and number, like K1-348, or by the beginning of its id. "
            "The list: cloudkasse-etl receipts."
        )
        meant = _with_number(store, wanted, language)
        perhaps = say("Perhaps you mean {receipts}.", receipts=joined("; ", meant))
        raise ConfigurationError(
            say("There is no receipt '{receipt}'.", receipt=text), hint=joined(" ", [perhaps, how]) if meant else how
        )
    named = [
        say("{receipt}, {status} (id {id})", receipt=name, status=status_word(row.status), id=short)
        for row, name, short in zip(
            found, names_of(store, found, language), _told_apart([row.receipt_id for row in found]), strict=True
        )
    ][:_CANDIDATES]
    more = [say("and more")] if len(found) > _CANDIDATES else []
    raise ConfigurationError(
        say("'{receipt}' may be several receipts: {candidates}.", receipt=text, candidates=joined("; ", named + more)),
        hint=say("Name the one by its id, or by as much of it as no other begins with."),
    )


def _with_number(store: StateStores, text: str, language: Language) -> list[str]:
    """The names of the receipts of any register with a number that was typed alone."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        return []
    rows = ReceiptReader(store.connection).with_number(int(text))[:_CANDIDATES]
    return names_of(store, rows, language) if rows else []


def find_receipts(store: StateStores, texts: Iterable[str], language: Language = ENGLISH) -> list[str]:
    """The ids of the receipts that texts name.

    Args:
        store: Our own tables.
        texts: What a person typed.
        language: The language of the names in an error.

    Returns:
        The ids, each once and in that order.

    Raises:
        ConfigurationError: One of them names no receipt, or several.
    """
    return list(dict.fromkeys(find_receipt(store, text, language) for text in texts))


def refuse_unknown_register(store: StateStores, settings: Settings, register: str) -> None:
    """Refuses a register that the settings do not name and that never sold anything.

    Args:
        store: Our own tables.
        settings: The settings.
        register: Its number.

    Raises:
        ConfigurationError: There is no such register.
    """
    known = {*(one.number for one in settings.registers), *DayReceipts(store.connection).registers()}
    if register not in known:
        raise ConfigurationError(
            say("There is no register {register}.", register=register),
            hint=say("There are: {names}.", names=joined(", ", sorted(known)))
            if known
            else say("No register has sold yet."),
        )


def short_id(receipt_id: str) -> str:
    """The beginning of an id, which `find_receipt` finds again: `07fcb84b`; of a second content `07fcb84b!3fa8`."""
    head, mark, digest = receipt_id.rpartition("!")
    return f"{head[:_SHORT]}{mark}{digest[:4]}" if head else receipt_id[:_SHORT]


def names_of(store: StateStores, rows: Sequence[ReceiptRow], language: Language) -> list[str]:
    """The names of receipts, as each surface shows them: `K1-348 · 2026-10-07 · 7.71 €`.

    Args:
        store: Our own tables.
        rows: The receipts.
        language: The language of the names.

    Returns:
        The names, in that order.
    """
    heads = NamedRecords(store.connection).heads([row.receipt_id for row in rows])  # these know the currencies
    return [called(row, heads[row.receipt_id].currency).render(language) for row in rows]


def called(row: ReceiptRow, currency: str | None) -> ReceiptName:
    """The name of a receipt of which all facts are at hand.

    Args:
        row: The receipt.
        currency: The currency of its total; None where it is not known.

    Returns:
        The name.
    """
    place = (row.register, row.number, row.business_day, row.total_cents)
    return ReceiptName(row.receipt_id, *place, currency, second=bool(row.came_as))


def name_of(store: StateStores, receipt_id: str, language: Language) -> str:
    """The name of a receipt; its id where it is not stored.

    Args:
        store: Our own tables.
        receipt_id: The id.
        language: The language of the name.

    Returns:
        The name.
    """
    rows = list(ReceiptReader(store.connection).with_ids(receipt_id).values())
    return names_of(store, rows, language)[0] if rows else receipt_id


def originals_of(store: StateStores, waiting: Iterable[Waiting]) -> dict[str, str]:
    """The receipts for which voids wait, as a detail that `{value:receipt}` shows.

    Args:
        store: Our own tables.
        waiting: Voids that wait.

    Returns:
        Key → register and number; the marked beginning of the id of those that were never fetched.
    """
    keys = list(dict.fromkeys(each.awaited for each in waiting if each.awaited))
    heads = NamedRecords(store.connection).heads(keys) if keys else {}
    return {key: awaited_name(key, known=key in heads, place=_place(heads.get(key))) for key in keys}


def awaited_name(receipt_id: str, *, known: bool, place: tuple[str | None, int | None]) -> str:
    """A receipt for which a void waits, as a detail that `{value:receipt}` shows.

    Args:
        receipt_id: Its id.
        known: Whether it was ever fetched.
        place: Its register and number.

    Returns:
        Register and number; the beginning of the id where these cannot be read, marked if it was never fetched.
    """
    register, number = place
    if known and register is not None and number is not None:
        return f"{register}-{number}"
    return f"{'' if known else UNSEEN}{short_id(receipt_id)}"


def _place(head: ReceiptHead | None) -> tuple[str | None, int | None]:
    return (head.register, head.number) if head else (None, None)


def _found(reader: ReceiptReader, wanted: str) -> list[ReceiptRow]:
    if not wanted:
        return []
    beginning, mark, digest = wanted.rpartition("!")
    if not mark:
        beginning, digest = wanted, ""
    # compared here too: some databases do not tell A from a
    rows = [row for row in reader.with_id(beginning, limit=_LOOKED_AT) if row.receipt_id.startswith(beginning)]
    if whole := [row for row in rows if row.receipt_id == wanted]:
        return whole
    if (place := _NUMBER.fullmatch(wanted)) and (numbered := reader.of_number(place["register"], int(place["number"]))):
        return numbered
    if mark:
        return [row for row in rows if row.receipt_id.rpartition("!")[2].startswith(digest) and "!" in row.receipt_id]
    first = [row for row in rows if row.came_as is None]
    return first if len(first) == 1 else rows or _as_typed(reader, wanted)


def _as_typed(reader: ReceiptReader, wanted: str) -> list[ReceiptRow]:
    """The receipts of a number whose register differs in capital letters only, with a blank in place of the mark."""
    place = _TYPED.fullmatch(wanted)
    if place is None:
        return []
    register = place["register"].casefold()
    return [row for row in reader.with_number(int(place["number"])) if (row.register or "").casefold() == register]


def _told_apart(receipt_ids: Sequence[str]) -> list[str]:
    """Beginnings of ids by which each is found: short ones, if they differ."""
    short = [short_id(key) for key in receipt_ids]
    return short if len(set(short)) == len(short) else list(receipt_ids)
