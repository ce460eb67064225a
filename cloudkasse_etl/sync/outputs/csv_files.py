"""CSV files for people and their spreadsheets: complete or not there, in the language's numbers, without formulas."""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from cloudkasse_etl.errors import unwritable_file
from cloudkasse_etl.i18n.formats import spelled, ungrouped
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.run.protocol import cell


class TextSink(Protocol):
    """What texts can be written to: an open file, or a stream."""

    def write(self, text: str, /) -> object:
        """Writes a text."""
        ...


@contextmanager
def csv_file(out: Path | TextSink, titles: Iterable[str]) -> Iterator[Callable[[list[Any]], None]]:
    """A CSV file that appears once it is complete, or a stream; cells that would be formulas are text."""
    if isinstance(out, Path):
        with _complete(out) as file, csv_file(file, titles) as write:
            yield write
    else:
        write = _writer(out)
        write(list(titles))
        yield write


@contextmanager
def _complete(path: Path) -> Iterator[TextSink]:
    temporary = path.with_name(f"{path.name}.part")
    try:
        # a German Excel expects semicolons and a byte order mark
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:
            yield file
        temporary.replace(path)
    except OSError as error:
        raise unwritable_file(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _writer(file: TextSink) -> Callable[[list[Any]], None]:
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")

    def write(values: list[Any]) -> None:
        writer.writerow([value if isinstance(value, Number) else cell(value) for value in values])

    return write


class Number(str):
    """An amount as text: marked, so that its minus sign is not taken for a formula."""

    __slots__ = ()


def decimal_cell(value: int, places: int, language: Language) -> Number:
    """A number of units as a cell.

    Args:
        value: In the last place.
        places: How many decimals.
        language: Whose signs it has.

    Returns:
        The cell.
    """
    return Number(ungrouped(value, places, language))


def comma_cell(value: str | None, language: Language) -> Number | None:
    """A number that is written with a point, as a cell."""
    return None if value is None else Number(spelled(value, language))
