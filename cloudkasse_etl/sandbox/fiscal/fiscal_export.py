"""Writes what a running sandbox sold as a DSFinV-K export: 20 tables and their index.xml in a folder."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

from cloudkasse_etl.errors import ConfigurationError, unwritable_folder
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.sandbox.cloud.remote_control import no_sandbox, unreachable, wrong_token
from cloudkasse_etl.sandbox.fiscal.fiscal_rows import rows_of
from cloudkasse_etl.sandbox.fiscal.fiscal_tables import TABLES, columns_of, index_xml

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
TRIES = 8

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FiscalSummary:
    """What an export holds.

    Attributes:
        folder: Where it is.
        closings: How many closings.
        receipts: How many receipts are in them.
        open_receipts: How many belong to no closing yet, and are left out.
    """

    folder: Path
    closings: int
    receipts: int
    open_receipts: int

    def text(self) -> Text:
        """The result in one sentence."""
        return say(
            "{folder}: {closings:,} closings with {receipts:,} receipts; {open:,} receipts are in no closing yet.",
            folder=str(self.folder),
            closings=self.closings,
            receipts=self.receipts,
            open=self.open_receipts,
        )


def export_remotely(url: str, token: str, folder: Path) -> FiscalSummary:
    """Asks a running sandbox for what it sold, and writes it.

    Args:
        url: Where the sandbox listens.
        token: Its bearer token.
        folder: A folder that is new or empty.

    Returns:
        What was written.

    Raises:
        ConfigurationError: No sandbox answers, nothing was sold, or the folder cannot be written.
    """
    closings = list(_items(url, token, "closings"))
    receipts = {receipt["id"]: receipt for receipt in _items(url, token, "receipts")}
    if not closings:
        raise ConfigurationError(
            say("The sandbox has no closing yet, so there is nothing to export."),
            hint=say("Sell first: cloudkasse-etl sandbox sell"),
        )
    return write_export(folder, receipts.values(), closings)


def write_export(folder: Path, receipts: Iterable[Fields], closings: Iterable[Fields]) -> FiscalSummary:
    """Writes receipts and closings in wire format as one export.

    Args:
        folder: A folder that is new or empty.
        receipts: Each once.
        closings: Each once.

    Returns:
        What was written.

    Raises:
        ConfigurationError: The folder holds something, or cannot be written.
    """
    closings = sorted(closings, key=lambda closing: (closing["register"], closing["number"]))
    grouped: dict[tuple[str, int], list[Fields]] = {(c["register"], c["number"]): [] for c in closings}
    places: dict[str, tuple[str, int]] = {}
    open_receipts = 0
    for receipt in receipts:
        place = place_of(receipt, closings)
        if place is None:
            open_receipts += 1
            continue
        grouped[place].append(receipt)
        places[receipt["id"]] = place
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigurationError(
                say("The folder {path} is not empty.", path=str(folder)), hint=say("Name a new folder for the export.")
            )
        with ExitStack() as stack:
            files = {table: begin_table(stack, folder, table) for table in TABLES}
            for closing in closings:
                mine = sorted(grouped[closing["register"], closing["number"]], key=lambda receipt: receipt["number"])
                for table, row in rows_of(closing, mine, places):
                    files[table].write(row_text(columns_of(table), row))
        (folder / "index.xml").write_text(index_xml(), encoding="utf-8", newline="\r\n")
    except OSError as error:
        raise unwritable_folder(folder, error) from error
    return FiscalSummary(folder, len(closings), len(places), open_receipts)


def place_of(receipt: Fields, closings: list[Fields]) -> tuple[str, int] | None:
    """The closing that a receipt states, or whose numbers include its own: of its day first."""
    if receipt["closing_number"] is not None:
        return receipt["register"], receipt["closing_number"]
    covering = [
        closing
        for closing in closings
        if closing["register"] == receipt["register"]
        and closing["first_receipt_number"] <= receipt["number"] <= closing["last_receipt_number"]
    ]
    covering.sort(key=lambda closing: closing["business_day"] != receipt["business_day"])
    return (covering[0]["register"], covering[0]["number"]) if covering else None


def begin_table(stack: ExitStack, folder: Path, table: str) -> IO[str]:
    """Begins a table's file with its header.

    Args:
        stack: Closes it.
        folder: The export's folder.
        table: The table.

    Returns:
        The file.
    """
    file = stack.enter_context((folder / f"{table}.csv").open("w", encoding="utf-8", newline=""))
    file.write(";".join(name for name, _ in columns_of(table)) + "\r\n")
    return file


def row_text(columns: list[tuple[str, str]], row: dict[str, Any]) -> str:
    """A row as it is written."""
    return ";".join(_cell(row.get(name), kind) for name, kind in columns) + "\r\n"


def _cell(value: object, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return '"1"' if value else '"0"'
    if isinstance(value, int):
        places = int(kind[1:])
        digits = str(abs(value)).rjust(places + 1, "0")
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[:-places]},{digits[-places:]}" if places else f"{sign}{digits}"
    text = str(value)[: int(kind)].replace('"', '""')
    return f'"{text}"'


def _items(url: str, token: str, feed: str) -> Iterator[Fields]:
    after: str | None = None
    while True:
        page = _page(url, token, feed, after)
        yield from page["items"]
        if not page["has_more"]:
            return
        after = page["next_cursor"]


def _page(url: str, token: str, feed: str, after: str | None) -> Any:
    """A page; asked again where the sandbox misbehaves on purpose."""
    status = "no answer"
    for _ in range(TRIES):
        try:
            answer = requests.get(
                f"{url.rstrip('/')}/v1/{feed}",
                params={"limit": "1000"} | ({"after": after} if after else {}),
                headers={"Authorization": f"Bearer {token}"},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
            if answer.status_code == 200:
                return answer.json()
        except (requests.ConnectionError, requests.Timeout, ValueError) as error:
            status = type(error).__name__
        else:
            if answer.status_code == 401:
                raise wrong_token()
            if answer.status_code < 429:
                raise no_sandbox(answer, say("exports its sales"))
            status = str(answer.status_code)
        time.sleep(0.2)
    raise unreachable(status)
