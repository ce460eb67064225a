"""What receipts move of the stock, in a form to compare."""

from typing import Any

from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.books.ledger import Ledger
from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.stock.movements import move
from tests.support.receipts.receipt_factory import ledger, line, receipt


def moved(*receipts: Receipt, by: Ledger | None = None) -> list[tuple[str, int]]:
    """Article and quantity of what moved; nothing was refused."""
    movements, rejections = move(flatten(receipts), by or ledger())
    assert rejections == []
    return list(zip(movements["article"], movements["quantity_milli"].tolist(), strict=True))


def refused(*receipts: Receipt, by: Ledger | None = None) -> list[tuple[str, str, str]]:
    movements, rejections = move(flatten(receipts), by or ledger())
    assert movements.empty
    assert {rejection.asset for rejection in rejections} <= {"stock_movements"}
    for language in ("de", "en"):
        assert not any("?" in rejection.text(language) for rejection in rejections)
    return [(rejection.key, rejection.code, rejection.text()) for rejection in rejections]


def sold(quantity: str = "1.000", article: str | None = "A19", case: str = "Umsatz", **fields: Any) -> Receipt:
    gross = -1190 if quantity.startswith("-") else 1190
    return receipt(line(case, gross, article=article, quantity=quantity, **fields))


def sets(*rows: tuple[Any, ...], **articles: dict[str, Any]) -> Ledger:
    inside = {number: {"trade_set": True, "stock_item": False} for number, *_ in rows}
    return ledger(inside | articles, sets=rows)
