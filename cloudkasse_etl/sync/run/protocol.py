"""The protocol of a run: every open rejection with its reason and cure, as JSON and CSV, a pair of files a run."""

import csv
import datetime as dt
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import orjson

from cloudkasse_etl.errors import ConfigurationError, unwritable_file
from cloudkasse_etl.i18n.text import Text, rendered_each, say, say_as
from cloudkasse_etl.rejections.causes import in_order
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.run.report import RunReport, rejection_dict

_COLUMNS: Mapping[str, Text] = {
    "asset": say("Asset"),
    "key": say("Record"),
    "name": say("Name"),
    "code": say("Code"),
    "text": say_as("protocol", "What is wrong"),
    "cure": say_as("protocol", "What to do"),
    "since": say("Since"),
    "still": say("Rejected before"),
    "total_cents": say("Not booked, in cents"),
    "currency": say("Currency"),
}
FIELDS = tuple(_COLUMNS)
# Of what is open now each has been rejected before.
FIELDS_OF_NOW = tuple(name for name in FIELDS if name != "still")
# Spreadsheet programs read cells with these beginnings as formulas; full-width signs too, if they are typed.
_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]")
SEE_HISTORY = say("See: cloudkasse-etl history.")


def protocol_path(folder: Path, run_id: str) -> Path:
    """The CSV file of a run's protocol; the JSON file beside it has the same name."""
    return folder / f"{run_id}.csv"


def write_protocol(report: RunReport, path: Path, language: Language, timezone: str) -> None:
    """Writes both files, each atomically: a reader never finds half of one.

    Rejections are written one after the other: for a hundred thousand unknown articles the texts alone would fill the
    memory.

    Args:
        report: The run's report.
        path: The CSV file; the JSON file is beside it.
        language: The language of the texts.
        timezone: The name of the shop's zone, for times.

    Raises:
        OSError: They cannot be written.
    """
    head = {
        "run_id": report.run_id,
        "outcome": str(report.outcome),
        "kind": report.kind,
        "message": report.message,
        "error": report.error,
        "language": language,
        "timezone": timezone,
        "written_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "settings": report.settings,
        "assets": {
            name: {**asset.counts.as_dict(), "seconds": round(asset.seconds, 3)}
            for name, asset in report.assets.items()
        },
    }
    deferred = [
        {"asset": name, "code": d.code, "count": d.count, "text": d.text(language), "examples": list(d.examples)}
        for name, asset in report.assets.items()
        for d in asset.deferrals
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        _replaced(path.with_suffix(".json")) as file,
        _replaced(path) as table,
        _rows(table, FIELDS, language, timezone) as add,
    ):
        file.write(orjson.dumps(head, option=orjson.OPT_INDENT_2).removesuffix(b"\n}"))
        file.write(b',\n  "rejections": [')
        separator = b"\n    "
        for rejection in in_order(report.rejections):
            found = rejection_dict(rejection, language)
            file.write(separator + orjson.dumps(found))
            separator = b",\n    "
            add(found)
        file.write(b'],\n  "deferred": ' + orjson.dumps(deferred) + b"\n}")


@contextmanager
def _rows(
    file: IO[bytes], fields: Sequence[str], language: Language, timezone: str | None
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yields a function that writes a rejection as a row of CSV.

    A receipt that is refused twice has its total in the first of its rows, so that the column adds up to what is stuck.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(rendered_each((_COLUMNS[name] for name in fields), language))
    zone = ZoneInfo(timezone) if timezone else None  # a protocol of an older release has no time zone
    summed: set[str] = set()

    def add(rejection: dict[str, Any]) -> None:
        row = {name: rejection.get(name) for name in fields}
        if row["total_cents"] is not None:
            row["total_cents"] = None if rejection["key"] in summed else row["total_cents"]
            summed.add(rejection["key"])
        writer.writerow([cell(value, zone) for value in row.values()])

    try:
        yield add
        text.flush()
    finally:
        with suppress(OSError):
            text.detach()


def csv_of(protocol: dict[str, Any], typed: Callable[[str], str] = str) -> bytes:
    """A protocol's rejections, or those that are open now, as CSV that spreadsheet programs open correctly.

    A German Excel expects semicolons and a byte order mark; a cell that would be a formula is
    made text by an apostrophe.

    Args:
        protocol: The protocol, or what is open now.
        typed: Writes the commands and the settings file within a text as they can be typed here.

    Returns:
        The file's content.
    """
    buffer = io.BytesIO()
    fields = FIELDS if "run_id" in protocol else FIELDS_OF_NOW
    with _rows(buffer, fields, protocol.get("language", "en"), protocol.get("timezone")) as add:
        for rejection in protocol["rejections"]:
            add({**rejection, **{name: typed(rejection[name]) for name in ("text", "cure")}})
    return buffer.getvalue()


def write_csv(protocol: dict[str, Any], path: Path, typed: Callable[[str], str] = str) -> None:
    """Writes a protocol's rejections as a CSV file.

    Args:
        protocol: The protocol, or what is open now.
        path: The file.
        typed: As of `csv_of`.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    try:
        with _replaced(path) as file:
            file.write(csv_of(protocol, typed))
    except OSError as error:
        raise unwritable_file(path, error) from error


def read_protocol(folder: Path, run_id: str) -> dict[str, Any]:
    """The protocol of a run; the beginning of the run's id is enough where only one run has it.

    Raises:
        ConfigurationError: There is no such protocol, or several.
    """
    if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", run_id):
        raise ConfigurationError(say("'{run}' is no run id.", run=run_id[:64]), hint=SEE_HISTORY)
    found = sorted(folder.glob(f"{run_id}*.json"))
    exact = [path for path in found if path.stem == run_id]
    if not found:
        raise ConfigurationError(
            say("There is no protocol of a run '{run}'.", run=run_id),
            hint=say(
                "See: cloudkasse-etl history. A run that was killed leaves none; the next one's has what is open."
            ),
        )
    if len(found) > 1 and not exact:
        raise ambiguous_run(run_id, len(found))
    protocol: dict[str, Any] = orjson.loads((exact or found)[0].read_bytes())
    return protocol


def ambiguous_run(run_id: str, count: int) -> ConfigurationError:
    """The error for an abbreviated id that fits several runs."""
    return ConfigurationError(
        say("{count} runs begin with '{run}'.", count=count, run=run_id), hint=say("Give more of the run id.")
    )


def cell(value: Any, zone: dt.tzinfo | None = None) -> str:
    """A value as a cell that no spreadsheet program reads as a formula; times in a zone, or this computer's."""
    if isinstance(value, bool):
        return "x" if value else ""
    if isinstance(value, int):
        return str(value)
    text = "" if value is None else str(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(\+\d\d:\d\d|Z)", value):
        return dt.datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return f"'{text}" if _FORMULA.match(text) else text


@contextmanager
def _replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file that replaces another one once it is completely written."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):  # an incomplete file, which may have filled the disk
            temporary.unlink()
        raise
