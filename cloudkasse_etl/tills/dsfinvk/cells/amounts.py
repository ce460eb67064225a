"""Numbers of an export, in whole hundred-thousandths (the standard's five decimals); never as floats.

`1234,56` is the standard's spelling. Also read: thousands dots (1.234,56) and decimal points (1234.56), with a warning.
`1.234` may be either: the other numbers of the closing decide, and where they do not, it is refused.
"""

import re
from collections.abc import Callable, Iterator

from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError

CENT = 1000
UNIT = 100_000

_COMMA = re.compile(r"([+-]?)(\d{1,12})(?:,(\d{1,20}))?")
_GROUPED = re.compile(r"([+-]?)(\d{1,3}(?:\.\d{3})+)(?:,(\d{1,20}))?")
_POINT = re.compile(r"([+-]?)(\d{0,12})\.(\d{1,20})")
_POINT_GROUPED = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+)\.(\d{1,20})")
_KEPT = 200_000

_known: dict[str, int] = {}


class Amounts:
    """Reads the numbers of one closing.

    Args:
        cells: All cells with numbers of the closing; asked only where one of them is unclear.
        warn: Called with the code, the text, the table and the column of a number that is spelled otherwise.
        has_points: Whether the export's index.xml says that decimals are separated by points.
    """

    def __init__(
        self,
        cells: Callable[[], Iterator[str]],
        warn: Callable[[str, str, str, str, list[str] | None], None],
        *,
        has_points: bool = False,
    ) -> None:
        self.known: dict[str, int] = {} if has_points else _known
        self._cells, self._warn, self.has_points = cells, warn, has_points
        self._evidence: tuple[bool, bool] | None = None

    def units(self, text: str, table: str, column: str, row: list[str] | None = None, decimals: int = 2) -> int:
        """Reads a number.

        Args:
            text: As it is written; must not be empty.
            table, column, row: Where it is.
            decimals: The decimals that the column has; 0 for a whole number.

        Returns:
            The number in hundred-thousandths.

        Raises:
            UnreadableError: It is no number, or it may be two.
        """
        known = self.known.get(text)
        if known is not None and decimals:
            return known
        stripped = text.strip()
        match = _COMMA.fullmatch(stripped)
        if match and not self._is_doubtful(match, decimals):
            units = _units(match[1], match[2], match[3] or "")
            if units is None:
                raise UnreadableError("number_invalid", table, row, column, text[:30])
            # three decimals may be thousands in an export with decimal points, so these are looked at each time
            if decimals and len(match[3] or "") != 3 and len(self.known) < _KEPT:
                self.known[text] = units
            return units
        return self._unusual(stripped, table, column, row, decimals)

    def _is_doubtful(self, match: re.Match[str], decimals: int) -> bool:
        if not (self.has_points or (len(match[3] or "") == 3 and decimals != 3)):
            return False
        return match[3] is not None and self._style()[1]

    def _unusual(self, text: str, table: str, column: str, row: list[str] | None, decimals: int) -> int:
        grouped, point = _GROUPED.fullmatch(text), _POINT.fullmatch(text)
        if grouped and point and decimals and not grouped[2].startswith("0"):
            commas, points = self._style()
            if commas == points:
                raise UnreadableError("number_unclear", table, row, column, text[:30])
            grouped, point = (grouped, None) if commas else (None, point)
        elif grouped and point:
            grouped, point = (None, point) if decimals else (grouped, None)
        if grouped:
            self._warn("thousands_dots", text, table, column, row)
            units = _units(grouped[1], grouped[2].replace(".", ""), grouped[3] or "")
        elif point:
            if not self.has_points:
                self._warn("decimal_points", text, table, column, row)
            units = _units(point[1], point[2] or "0", point[3])
        elif both := _POINT_GROUPED.fullmatch(text):
            self._warn("decimal_points", text, table, column, row)
            units = _units(both[1], both[2].replace(",", ""), both[3])
        elif _COMMA.fullmatch(text):
            raise UnreadableError("number_unclear", table, row, column, text[:30])
        else:
            units = None
        if units is None:
            raise UnreadableError("number_invalid", table, row, column, text[:30])
        return units

    def _style(self) -> tuple[bool, bool]:
        """Whether numbers of the closing certainly have decimal commas, and whether some certainly have points."""
        if self._evidence is None:
            commas, points = False, self.has_points
            for text in self._cells():
                if "," in text and "." not in text:
                    match = _COMMA.fullmatch(text.strip())
                    commas |= bool(match and match[3] and len(match[3]) != 3)
                elif "." in text:
                    if "," in text:
                        commas |= text.rfind(",") > text.rfind(".")
                        points |= text.rfind(",") < text.rfind(".")
                    else:
                        points |= bool(_POINT.fullmatch(text.strip()) and not _GROUPED.fullmatch(text.strip()))
                        points |= text.strip().lstrip("+-").startswith("0.")
            self._evidence = commas, points
        return self._evidence


def _units(sign: str, whole: str, decimals: str) -> int | None:
    """None where there are more than five decimals that are not 0, or more digits than any shop needs."""
    if len(whole.lstrip("0")) > 11 or decimals[5:].strip("0"):
        return None
    value = int(whole) * UNIT + int(decimals[:5].ljust(5, "0"))
    return -value if sign == "-" else value


def rounded(units: int, to: int = CENT) -> int:
    """The number in cents (or other parts), halves away from zero, so that a void is the reverse of its sale."""
    value = (2 * abs(units) + to) // (2 * to)
    return value if units >= 0 else -value
