"""The rows of a closing in the tables of DSFinV-K. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudkasse_etl.sandbox.till.day_closings import has_effect
from cloudkasse_etl.sandbox.till.receipt_builder import Fields

Row = tuple[str, dict[str, Any]]
"""A table, and the values of a row by column; numbers are whole units of the column's last decimal."""
_KEYS = {"19.00": 1, "7.00": 2, "0.00": 6, None: 5}
_FIRST_OWN_KEY = 1000  # from here on keys are the shop's own


def rows_of(closing: Fields, receipts: Iterable[Fields], places: Mapping[str, tuple[str, int]]) -> Iterator[Row]:
    """The rows of a closing in all tables.

    Args:
        closing: The closing in wire format.
        receipts: Its receipts, by number.
        places: Register and closing of each receipt by its id, for references.

    Yields:
        Table and row.
    """
    receipts = list(receipts)
    key = {"Z_KASSE_ID": closing["register"], "Z_ERSTELLUNG": closing["created_at"], "Z_NR": closing["number"]}
    keys = _vat_keys(closing, receipts)
    yield from _master_data(key, closing, receipts, keys)
    yield from _totals(key, closing, receipts, keys)
    for receipt in receipts:
        yield from _receipt(key | {"BON_ID": receipt["id"][:40]}, receipt, places, keys)


def _vat_keys(closing: Fields, receipts: Iterable[Fields]) -> dict[str | None, int]:
    rates = {total["vat_rate"] for total in closing["business_cases"]}
    for receipt in receipts:
        rates.update(part["vat_rate"] for part in (*receipt["lines"], *receipt["vat"]))
    others = sorted(rate for rate in rates if rate not in _KEYS)
    return _KEYS | {rate: _FIRST_OWN_KEY + at for at, rate in enumerate(others)}


def _master_data(
    key: dict[str, Any], closing: Fields, receipts: list[Fields], keys: dict[str | None, int]
) -> Iterator[Row]:
    ids = [receipt["id"][:40] for receipt in receipts]
    paid = sum(tender["amount_cents"] for tender in closing["tenders"])
    cash = sum(tender["amount_cents"] for tender in closing["tenders"] if tender["tender"] == "Bar")
    yield (
        "cashpointclosing",
        key
        | {
            "Z_BUCHUNGSTAG": closing["business_day"],
            "TAXONOMIE_VERSION": "2.4",
            "Z_START_ID": ids[0] if ids else None,
            "Z_ENDE_ID": ids[-1] if ids else None,
            "NAME": "CloudKasse Sandbox",
            "LAND": "DEU",
            "Z_SE_ZAHLUNGEN": paid,
            "Z_SE_BARZAHLUNGEN": cash,
        },
    )
    yield "location", key | {"LOC_NAME": "CloudKasse Sandbox", "LOC_LAND": "DEU"}
    currency = receipts[0]["currency"] if receipts else "EUR"
    yield (
        "cashregister",
        key
        | {
            "KASSE_BRAND": "CloudKasse",
            "KASSE_MODELL": "Sandbox",
            "KASSE_SERIENNR": closing["register"],
            "KASSE_SW_BRAND": "CloudKasse",
            "KASSE_BASISWAEH_CODE": currency,
            "KEINE_UST_ZUORDNUNG": False,
        },
    )
    yield "tse", key | {"TSE_ID": 1, "TSE_SERIAL": _serial(receipts), "TSE_PD_ENCODING": "UTF-8"}
    for rate, number in keys.items():
        yield "vat", key | {"UST_SCHLUESSEL": number, "UST_SATZ": int((rate or "0.00").replace(".", ""))}


def _serial(receipts: list[Fields]) -> str | None:
    return next((receipt["tse"]["serial"] for receipt in receipts if receipt["tse"]), None)


def _totals(key: dict[str, Any], closing: Fields, receipts: list[Fields], keys: dict[str | None, int]) -> Iterator[Row]:
    for total in closing["business_cases"]:
        amounts = {
            "Z_UMS_BRUTTO": total["gross_cents"] * 1000,
            "Z_UMS_NETTO": total["net_cents"] * 1000,
            "Z_UST": total["tax_cents"] * 1000,
        }
        case = {"GV_TYP": total["business_case"], "UST_SCHLUESSEL": keys[total["vat_rate"]], "AGENTUR_ID": 0}
        yield "businesscases", key | case | amounts
    for tender in closing["tenders"]:
        named = {"ZAHLART_TYP": tender["tender"], "ZAHLART_NAME": tender["name"]}
        yield "payment", key | named | {"Z_ZAHLART_BETRAG": tender["amount_cents"]}
    cash: Counter[str] = Counter()
    for receipt in filter(has_effect, receipts):
        for payment in receipt["payments"]:
            if payment["tender"] == "Bar":
                cash[payment["currency"]] += payment["amount_cents"]
    for currency, cents in sorted(cash.items()):
        yield "cash_per_currency", key | {"ZAHLART_WAEH": currency, "ZAHLART_BETRAG_WAEH": cents}


def _receipt(
    key: dict[str, Any], receipt: Fields, places: Mapping[str, tuple[str, int]], keys: dict[str | None, int]
) -> Iterator[Row]:
    yield (
        "transactions",
        key
        | {
            "BON_NR": receipt["number"],
            "BON_TYP": receipt["kind"],
            "BON_STORNO": receipt["cancelled"],
            "BON_START": receipt["started_at"],
            "BON_ENDE": receipt["ended_at"],
            "BEDIENER_ID": receipt["employee"],
            "UMS_BRUTTO": receipt["total_cents"],
            "KUNDE_ID": receipt["customer"],
            "BON_NOTIZ": receipt["note"],
        },
    )
    if tse := receipt["tse"]:
        signed = {"TSE_ID": 1, "TSE_TANR": tse["transaction"], "TSE_TA_SIGZ": tse["signature_counter"]}
        yield "transactions_tse", key | signed
    printed = {block["vat_rate"]: (block["gross_cents"], block["tax_cents"]) for block in receipt["vat"]}
    if rest := receipt["total_cents"] - sum(gross for gross, _ in printed.values()):
        # what the printed table leaves out: amounts without VAT
        printed[None] = (printed.get(None, (0, 0))[0] + rest, 0)
    for rate, (gross, tax) in printed.items():
        yield "transactions_vat", key | _amounts("BON", keys[rate], gross, tax)
    for payment in receipt["payments"]:
        yield (
            "datapayment",
            key
            | {
                "ZAHLART_TYP": payment["tender"],
                "ZAHLART_NAME": payment["name"],
                "ZAHLWAEH_CODE": payment["currency"],
                "ZAHLWAEH_BETRAG": payment["amount_cents"],
                "BASISWAEH_BETRAG": payment["base_amount_cents"],
            },
        )
    if receipt["reference"]:
        named = receipt["reference"]["receipt_id"]
        register, number = places.get(named, (None, None))
        place = {"REF_Z_KASSE_ID": register, "REF_Z_NR": number, "REF_BON_ID": named[:40]}
        yield "references", key | {"REF_TYP": "Transaktion"} | place
    for line in receipt["lines"]:
        yield from _line(key | {"POS_ZEILE": str(line["number"])}, line, keys)


def _line(key: dict[str, Any], line: Fields, keys: dict[str | None, int]) -> Iterator[Row]:
    yield (
        "lines",
        key
        | {
            "GUTSCHEIN_NR": line["voucher"],
            "ARTIKELTEXT": line["text"],
            "GV_TYP": line["business_case"],
            "INHAUS": line["in_house"],
            "P_STORNO": line["cancelled"],
            "AGENTUR_ID": 0,
            "ART_NR": line["article"],
            "GTIN": line["gtin"],
            "MENGE": int(line["quantity"].replace(".", "")),
            "FAKTOR": 1000,
            "EINHEIT": line["unit"],
            "STK_BR": line["unit_price_cents"] * 1000,
        },
    )
    yield "lines_vat", key | _amounts("POS", keys[line["vat_rate"]], line["gross_cents"], line["tax_cents"])


def _amounts(prefix: str, vat_key: int, gross_cents: int, tax_cents: int) -> dict[str, Any]:
    return {
        "UST_SCHLUESSEL": vat_key,
        f"{prefix}_BRUTTO": gross_cents * 1000,
        f"{prefix}_NETTO": (gross_cents - tax_cents) * 1000,
        f"{prefix}_UST": tax_cents * 1000,
    }
