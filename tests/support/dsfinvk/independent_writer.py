"""Writes receipts and closings as a DSFinV-K export with PyPI's `dsfinvk` (pretix), which is independent of us."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from dsfinvk import models
from dsfinvk.collection import Collection

from tests.support.selling.selling_shop import Fields

KEYS = {"19.00": 1, "7.00": 2, "0.00": 6, None: 5}
INDEX = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE DataSet SYSTEM "gdpdu-01-08-2002.dtd">
<DataSet><Version>1.0</Version></DataSet>
"""


def has_effect(receipt: Fields) -> bool:
    return receipt["kind"] == "Beleg" and not (receipt["cancelled"] and receipt["reference"] is None)


def by_closing(receipts: Iterable[Fields], closings: Iterable[Fields]) -> dict[tuple[str, int], list[Fields]]:
    """The receipts of each closing: of its register and day, in the range of its numbers."""
    found: dict[tuple[str, int], list[Fields]] = {(c["register"], c["number"]): [] for c in closings}
    for receipt in receipts:
        key = next(
            (c["register"], c["number"])
            for c in closings
            if c["register"] == receipt["register"]
            and c["business_day"] == receipt["business_day"]
            and c["first_receipt_number"] <= receipt["number"] <= c["last_receipt_number"]
        )
        found[key].append(receipt)
    return {key: sorted(rows, key=lambda receipt: receipt["number"]) for key, rows in found.items()}


def write_export(path: Path, receipts: list[Fields], closings: list[Fields]) -> Path:
    """Writes one export as a ZIP file.

    Args:
        path: The ZIP file.
        receipts: In wire format, each once.
        closings: In wire format.

    Returns:
        `path`.
    """
    collection = Collection()
    grouped = by_closing(receipts, closings)
    place_of = {receipt["id"]: key for key, rows in grouped.items() for receipt in rows}
    for closing in closings:
        _closing(collection, closing, grouped[closing["register"], closing["number"]], place_of)
    index, dtd = path.with_suffix(".xml"), path.with_suffix(".dtd")
    index.write_text(INDEX)
    dtd.write_text("")
    collection.write(path, index, dtd)
    index.unlink()
    dtd.unlink()
    return path


def _euros(cents: int) -> Decimal:
    return Decimal(cents) / 100


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _closing(collection: Collection, closing: Fields, receipts: list[Fields], place_of: dict[str, Any]) -> None:
    key = {
        "Z_KASSE_ID": closing["register"],
        "Z_ERSTELLUNG": _time(closing["created_at"]),
        "Z_NR": closing["number"],
    }
    paid = Counter[str]()
    cash = Counter[str]()
    for receipt in filter(has_effect, receipts):
        for payment in receipt["payments"]:
            paid[payment["tender"]] += payment["base_amount_cents"]
            if payment["tender"] == "Bar":
                cash[payment["currency"]] += payment["amount_cents"]
    collection.add(
        models.Stamm_Abschluss(
            **key,
            Z_BUCHUNGSTAG=closing["business_day"],
            Z_START_ID=receipts[0]["id"][:40],
            Z_ENDE_ID=receipts[-1]["id"][:40],
            NAME="Hofladen",
            LAND="DEU",
            Z_SE_ZAHLUNGEN=_euros(sum(paid.values())),
            Z_SE_BARZAHLUNGEN=_euros(paid["Bar"]),
        )
    )
    collection.add(models.Stamm_Kassen(**key, KASSE_BRAND="B", KASSE_BASISWAEH_CODE=receipts[0]["currency"]))
    collection.add(models.Stamm_TSE(**key, TSE_ID=1, TSE_SERIAL=f"SANDBOX-{closing['register']}"))
    for rate, number in KEYS.items():
        collection.add(models.Stamm_USt(**key, UST_SCHLUESSEL=number, UST_SATZ=Decimal(rate or "0"), UST_BESCHR="x"))
    for total in closing["business_cases"]:
        collection.add(
            models.Z_GV_Typ(
                **key,
                GV_TYP=total["business_case"],
                UST_SCHLUESSEL=KEYS[total["vat_rate"]],
                Z_UMS_BRUTTO=_euros(total["gross_cents"]),
                Z_UMS_NETTO=_euros(total["net_cents"]),
                Z_UST=_euros(total["tax_cents"]),
            )
        )
    for tender in closing["tenders"]:
        collection.add(
            models.Z_Zahlart(
                **key,
                ZAHLART_TYP=tender["tender"],
                ZAHLART_NAME=tender["name"],
                Z_ZAHLART_BETRAG=_euros(tender["amount_cents"]),
            )
        )
    for currency, cents in cash.items():
        collection.add(models.Z_Waehrungen(**key, ZAHLART_WAEH=currency, ZAHLART_BETRAG_WAEH=_euros(cents)))
    for receipt in receipts:
        _receipt(collection, key, receipt, place_of)


def _receipt(collection: Collection, key: dict[str, Any], receipt: Fields, place_of: dict[str, Any]) -> None:
    mine = key | {"BON_ID": receipt["id"]}
    optional = {"BEDIENER_ID": receipt["employee"], "KUNDE_ID": receipt["customer"], "BON_NOTIZ": receipt["note"]}
    collection.add(
        models.Bonkopf(
            **mine,
            **{name: value for name, value in optional.items() if value is not None},
            BON_NR=receipt["number"],
            BON_TYP=receipt["kind"],
            BON_STORNO=receipt["cancelled"],
            BON_START=_time(receipt["started_at"]),
            BON_ENDE=_time(receipt["ended_at"]),
            UMS_BRUTTO=_euros(receipt["total_cents"]),
        )
    )
    collection.add(
        models.TSE_Transaktionen(
            **mine,
            TSE_ID=1,
            TSE_TANR=receipt["tse"]["transaction"],
            TSE_TA_SIGZ=receipt["tse"]["signature_counter"],
        )
    )
    printed: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for block in receipt["vat"]:
        printed[block["vat_rate"]] = [block["gross_cents"], block["tax_cents"]]
    if rest := receipt["total_cents"] - sum(gross for gross, _ in printed.values()):
        printed[None] = [rest, 0]
    for rate, (gross, tax) in printed.items():
        collection.add(
            models.Bonkopf_USt(
                **mine,
                UST_SCHLUESSEL=KEYS[rate],
                BON_BRUTTO=_euros(gross),
                BON_NETTO=_euros(gross - tax),
                BON_UST=_euros(tax),
            )
        )
    for payment in receipt["payments"]:
        collection.add(
            models.Bonkopf_Zahlarten(
                **mine,
                ZAHLART_TYP=payment["tender"],
                ZAHLART_NAME=payment["name"],
                ZAHLWAEH_CODE=payment["currency"],
                ZAHLWAEH_BETRAG=_euros(payment["amount_cents"]),
                BASISWAEH_BETRAG=_euros(payment["base_amount_cents"]),
            )
        )
    if receipt["reference"]:
        named = receipt["reference"]["receipt_id"]
        register, number = place_of[named]
        collection.add(
            models.Bon_Referenzen(
                **mine, REF_TYP="Transaktion", REF_Z_KASSE_ID=register, REF_Z_NR=number, REF_BON_ID=named
            )
        )
    for line in receipt["lines"]:
        _line(collection, mine, line)


def _line(collection: Collection, mine: dict[str, Any], line: Fields) -> None:
    place = mine | {"POS_ZEILE": str(line["number"])}
    optional = {
        "ART_NR": line["article"],
        "GTIN": line["gtin"],
        "EINHEIT": line["unit"],
        "GUTSCHEIN_NR": line["voucher"],
        "INHAUS": line["in_house"],
    }
    collection.add(
        models.Bonpos(
            **place,
            **{name: value for name, value in optional.items() if value is not None},
            ARTIKELTEXT=line["text"],
            GV_TYP=line["business_case"],
            P_STORNO=line["cancelled"],
            MENGE=Decimal(line["quantity"]),
            FAKTOR=Decimal(1),
            STK_BR=_euros(line["unit_price_cents"]),
        )
    )
    collection.add(
        models.Bonpos_USt(
            **place,
            UST_SCHLUESSEL=KEYS[line["vat_rate"]],
            POS_BRUTTO=_euros(line["gross_cents"]),
            POS_NETTO=_euros(line["net_cents"]),
            POS_UST=_euros(line["tax_cents"]),
        )
    )
