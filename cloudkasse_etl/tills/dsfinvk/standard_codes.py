"""Codes, flags, whole numbers and VAT keys of an export, as the standard names them."""

from dataclasses import dataclass, field
from typing import Final

from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, KINDS, TENDERS
from cloudkasse_etl.tills.dsfinvk.cells.amounts import CENT, UNIT, Amounts
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows
from cloudkasse_etl.tills.dsfinvk.table_scan import Row

_FLAGS: Final = {"": False, "0": False, "1": True, "false": False, "true": True}


class Codes:
    """Codes of the standard; one that differs in case only is read too."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self._codes = {code: code for code in codes} | {code.lower(): code for code in codes}

    def read(self, row: Row, at: int, table: str, column: str) -> str:
        """Reads a code.

        Args:
            row: The row.
            at: The cell.
            table, column: Where it is.

        Returns:
            The code as the standard spells it.

        Raises:
            UnreadableError: The standard has no such code.
        """
        text = row[at]
        found = self._codes.get(text) or self._codes.get(text.strip().lower())
        if found is None:
            raise UnreadableError("code_unknown" if text.strip() else "value_missing", table, row, column, text[:30])
        return found


KIND_CODES: Final = Codes(KINDS)
CASE_CODES: Final = Codes(BUSINESS_CASES)
TENDER_CODES: Final = Codes(TENDERS)


@dataclass(slots=True)
class VatRates:
    """The rates of a closing, by VAT key, from its own vat.csv: keys 3 and 4 mean the rates of the time."""

    rows: ClosingRows
    amounts: Amounts
    by_key: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key, rate = (self.rows.columns[name] for name in ("UST_SCHLUESSEL", "UST_SATZ"))
        for row in self.rows.rows:
            units = self.amounts.units(row[rate] or "0", "vat", "UST_SATZ", row)
            points, rest = divmod(units, CENT)
            if rest or not 0 <= points < 10_000:
                raise UnreadableError("number_invalid", "vat", row, "UST_SATZ", row[rate][:30])
            number = whole(self.amounts, row, key, "vat", "UST_SCHLUESSEL")
            # not taxable, and not determinable: the wire format has no rate there
            untaxed = number in (5, 7) and not points
            self.by_key[str(number)] = None if untaxed else f"{points // 100}.{points % 100:02d}"
        for number_text in ("5", "7"):
            self.by_key.setdefault(number_text, None)

    def of(self, row: Row, at: int, table: str, column: str = "UST_SCHLUESSEL") -> str | None:
        """The rate of a row's key.

        Args:
            row: The row.
            at: The cell.
            table, column: Where it is.

        Returns:
            The rate in wire format; None where no VAT applies.

        Raises:
            UnreadableError: The closing's vat.csv does not have the key.
        """
        text = row[at]
        if text not in self.by_key:
            key = str(whole(self.amounts, row, at, table, column))
            if key not in self.by_key:
                raise UnreadableError("vat_key_unknown", table, row, column, text[:30])
            self.by_key[text] = self.by_key[key]
        return self.by_key[text]


def whole(amounts: Amounts, row: Row, at: int, table: str, column: str) -> int:
    """Reads a whole number that is not negative.

    Args:
        amounts: Reads numbers.
        row: The row.
        at: The cell.
        table, column: Where it is.

    Returns:
        The number.

    Raises:
        UnreadableError: It is none.
    """
    text = row[at]
    if text.isdecimal() and len(text) < 16:
        return int(text)
    if not text.strip():
        raise UnreadableError("value_missing", table, row, column)
    number, rest = divmod(amounts.units(text, table, column, row, 0), UNIT)
    if rest or number < 0:
        raise UnreadableError("number_invalid", table, row, column, text[:30])
    return number


def flag(row: Row, at: int, table: str, column: str) -> bool:
    """Reads a flag; an empty one is not set.

    Args:
        row: The row.
        at: The cell.
        table, column: Where it is.

    Returns:
        Whether it is set.

    Raises:
        UnreadableError: It is neither 0 nor 1.
    """
    found = _FLAGS.get(row[at])
    return flag_of(row[at], table, column, row) if found is None else found


def flag_of(text: str, table: str, column: str, row: Row | None = None) -> bool:
    """Reads the text of a flag.

    Args:
        text: As it is written.
        table, column, row: Where it is.

    Returns:
        Whether it is set.

    Raises:
        UnreadableError: It is neither 0 nor 1.
    """
    found = _FLAGS.get(text.strip().lower())
    if found is None:
        raise UnreadableError("flag_invalid", table, row, column, text[:30])
    return found
