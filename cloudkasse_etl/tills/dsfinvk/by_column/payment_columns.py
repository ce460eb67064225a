"""Payments by column: their amounts, and their JSON as msgspec writes a `Payment`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from cloudkasse_etl.tills.dsfinvk.by_column.column_values import (
    Integers,
    Values,
    cents_of,
    integer_text,
    joined,
    pieces_of,
    quoted,
    units_of,
)
from cloudkasse_etl.tills.dsfinvk.by_column.row_owners import Owned
from cloudkasse_etl.tills.dsfinvk.cells.amounts import Amounts
from cloudkasse_etl.tills.dsfinvk.standard_codes import TENDER_CODES


@dataclass(frozen=True, slots=True)
class Payments:
    """Payments in the order of their receipts.

    Attributes:
        offsets: Where each receipt's payments begin.
        json: Each payment in JSON.
        tender, name, currency: By payment; each the distinct values, and the index of the payment's.
        amount, base: In cents.
    """

    offsets: Integers
    json: Any
    tender: tuple[list[str], Integers]
    name: tuple[list[str | None], Integers]
    currency: tuple[list[str], Integers]
    amount: Integers
    base: Integers


def payment_columns(owned: Owned, own_currencies: Sequence[str], first: int, amounts: Amounts) -> Payments:
    """Translates payments.

    Args:
        owned: The rows of datapayment.csv.
        own_currencies: The currency of each closing's register.
        first: The place of the first closing.
        amounts: Reads numbers that are not as usual.

    Returns:
        The payments.

    Raises:
        DeviatingError, UnreadableError: There is something to be told.
    """
    columns = owned.columns
    base = cents_of(units_of(columns["BASISWAEH_BETRAG"], amounts, "datapayment", "BASISWAEH_BETRAG"))
    foreign = cents_of(units_of(columns["ZAHLWAEH_BETRAG"], amounts, "datapayment", "ZAHLWAEH_BETRAG", empty=0))
    code = Values(columns["ZAHLWAEH_CODE"])
    currencies = list(dict.fromkeys((*own_currencies, *filter(None, code.texts))))
    own_index = np.array([currencies.index(name) for name in own_currencies], dtype="int64")[columns["place"] - first]
    stated = np.array([currencies.index(text) if text else -1 for text in code.texts], dtype="int64")[code.codes]
    currency = np.where(stated < 0, own_index, stated)
    has_foreign = np.asarray(pc.not_equal(columns["ZAHLWAEH_BETRAG"], "").to_numpy(zero_copy_only=False))
    amount = np.where((currency == own_index) | ~has_foreign, base, foreign)
    tender = Values(columns["ZAHLART_TYP"])
    tenders = tender.read(lambda text: TENDER_CODES.read([text], 0, "datapayment", "ZAHLART_TYP"))
    name = Values(columns["ZAHLART_NAME"])
    json = joined(
        '{"amount_cents":',
        integer_text(amount),
        ',"base_amount_cents":',
        integer_text(base),
        pieces_of([f',"currency":{quoted(text)}' for text in currencies], currency),
        name.pieces(lambda text: f',"name":{quoted(text or None)}'),
        pieces_of([f',"tender":"{text}"}}' for text in tenders], tender.codes),
    )
    names = [text or None for text in name.texts]
    return Payments(
        owned.offsets, json, (tenders, tender.codes), (names, name.codes), (currencies, currency), amount, base
    )
