"""Each deviation of an export is read as it was meant, with a warning, or refused with its place; no other is lost."""

import zoneinfo
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.tills.dsfinvk.deviations import REFUSALS, WARNINGS, Deviation
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from tests.support.dsfinvk.handmade_export import KEY, RECEIPT, Tables, every_cell, tables, text_of, write_folder

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def read(folder: Path) -> list[ClosingRecord]:
    return list(LegalRecord(folder, BERLIN, settle_seconds=0).closings())


def read_tables(tmp_path: Path, content: Tables, **how: Any) -> tuple[list[Receipt], list[Deviation]]:
    write_folder(tmp_path / "export", content, **how)
    records = read(tmp_path)
    return [r for record in records for r in record.receipts], [d for record in records for d in record.deviations]


def codes(found: list[Deviation]) -> set[str]:
    return {deviation.code for deviation in found}


def only_receipt(tmp_path: Path, **how: Any) -> Receipt:
    return read_tables(tmp_path, tables(), **how)[0][0]


def test_what_keeps_the_standard_is_read_without_a_word(tmp_path: Path) -> None:
    receipts, deviations = read_tables(tmp_path, tables())
    assert deviations == []
    [receipt] = receipts
    assert (receipt.id, receipt.number, receipt.total_cents) == ("K1/12/b1", 4711, 103550)
    assert [(line.gross_cents, line.vat_rate, line.quantity) for line in receipt.lines] == [
        (2380, "19.00", "2.000"),
        (101170, "7.00", "1.000"),
    ]


def as_points(text: str) -> str:
    return text.replace(",", ".")


def with_dots(text: str) -> str:
    return f"{int(text.partition(',')[0]):,}".replace(",", ".") + "," + text.partition(",")[2]


@pytest.mark.parametrize(("spelled", "code"), [(as_points, "decimal_points"), (with_dots, "thousands_dots")])
def test_numbers_may_be_spelled_otherwise(tmp_path: Path, spelled: Any, code: str) -> None:
    receipts, deviations = read_tables(tmp_path, every_cell(spelled))
    assert receipts == [only_receipt(tmp_path / "plain")]
    assert codes(deviations) == {code}
    assert len(deviations) == len({(d.file, d.column) for d in deviations}), "told once a column"


def changed(name: str, at: int = 0, **cells: str) -> Tables:
    content = tables()
    content[name][at].update(cells)
    return content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (changed("transactions", BON_START="2026-11-23T10:15:02"), "time_without_offset"),
        (changed("cashpointclosing", LAND="DE"), "country_code"),
        (changed("lines", ARTIKELTEXT_NEU="x"), "columns_unknown"),
        (changed("datapayment", BASISWAEH_BETRAG="-1035,50"), "payments_turned"),
        (changed("transactions_vat", BON_BRUTTO="23,79000"), "sum_differs"),
        (changed("payment", Z_ZAHLART_BETRAG="1035,49"), "sum_differs"),
        (changed("cash_per_currency", ZAHLART_BETRAG_WAEH="1035,49"), "sum_differs"),
        (changed("cashpointclosing", Z_SE_ZAHLUNGEN="1035,49"), "sum_differs"),
        (changed("businesscases", Z_UMS_BRUTTO="23,79000"), "sum_differs"),
        (changed("businesscases", AGENTUR_ID="3"), "agency_in_closing"),
        (changed("transactions", BEDIENER_ID="M" * 51), "text_too_long"),
        (changed("cashregister", KASSE_BASISWAEH_CODE=""), "currency_missing"),
        (changed("lines", POS_ZEILE="1a") | {"lines_vat": changed("lines_vat", POS_ZEILE="1a")["lines_vat"]},
         "line_number_counted"),
        (changed("lines", MENGE="1,5", FAKTOR="0,333"), "quantity_rounded"),
    ],
)  # fmt: skip
def test_what_is_beyond_doubt_is_read_with_a_warning(tmp_path: Path, content: Tables, code: str) -> None:
    receipts, deviations = read_tables(tmp_path, content)
    assert len(receipts) == 1
    assert receipts[0].payments[0].base_amount_cents == 103550
    assert receipts[0].started_at == "2026-11-23T10:15:02+01:00"
    assert code in codes(deviations)
    assert not any(deviation.is_refusal for deviation in deviations)


@pytest.mark.parametrize(
    ("content", "code", "file", "line", "column"),
    [
        (changed("lines", at=1, AGENTUR_ID="3"), "agency_line", "lines.csv", 3, "AGENTUR_ID"),
        (changed("lines", GV_TYP="Verkauf"), "code_unknown", "lines.csv", 2, "GV_TYP"),
        (changed("transactions", BON_TYP=""), "value_missing", "transactions.csv", 2, "BON_TYP"),
        (changed("datapayment", ZAHLART_TYP="Gold"), "code_unknown", "datapayment.csv", 2, "ZAHLART_TYP"),
        (changed("lines_vat", at=1, UST_SCHLUESSEL="3"), "vat_key_unknown", "lines_vat.csv", 3, "UST_SCHLUESSEL"),
        (changed("transactions", UMS_BRUTTO="zehn"), "number_invalid", "transactions.csv", 2, "UMS_BRUTTO"),
        (changed("transactions", UMS_BRUTTO="1.035"), "number_unclear", "transactions.csv", 2, "UMS_BRUTTO"),
        (changed("transactions", UMS_BRUTTO="1035,505"), "number_fraction", "transactions.csv", 2, "UMS_BRUTTO"),
        (changed("transactions", BON_ENDE="gestern"), "time_invalid", "transactions.csv", 2, "BON_ENDE"),
        (changed("lines", P_STORNO="vielleicht"), "flag_invalid", "lines.csv", 2, "P_STORNO"),
        (changed("lines", at=1, POS_ZEILE="1"), "line_doubled", "lines.csv", 3, "POS_ZEILE"),
        (changed("lines_vat", POS_ZEILE="7"), "line_without_vat", "lines.csv", 2, "POS_ZEILE"),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_refused_with_its_place(
    tmp_path: Path, content: Tables, code: str, file: str, line: int, column: str
) -> None:
    if code == "number_unclear":  # neither commas nor points anywhere that would tell
        content = {name: [{c: t.partition(",")[0] for c, t in row.items()} for row in rows]
                   for name, rows in content.items()}  # fmt: skip
    receipts, deviations = read_tables(tmp_path, content)
    assert receipts == []
    [refusal] = [d for d in deviations if d.is_refusal]
    assert (refusal.code, refusal.file, refusal.line, refusal.column) == (code, file, line, column)
    assert (refusal.receipt, refusal.number) == ("b1", 4711)
    assert f"export: {file}, line {line}, column {column}" in str(refusal.place)


def test_a_refused_receipt_holds_up_no_other(tmp_path: Path) -> None:
    content = tables()
    for rows in (content[name] for name in ("transactions", "lines", "lines_vat", "datapayment", "transactions_vat")):
        rows += [row | {"BON_ID": "b2"} for row in rows]
    content["transactions"][1]["BON_NR"] = "4712"
    content["lines"][0]["GV_TYP"] = "?"
    receipts, deviations = read_tables(tmp_path, content)
    assert [receipt.number for receipt in receipts] == [4712]
    assert "code_unknown" in codes(deviations)


def test_closings_in_any_order_are_put_together(tmp_path: Path) -> None:
    content = tables()
    second = {"Z_NR": "13", "BON_ID": "b2"}
    for name, rows in content.items():
        more = [row | {key: value for key, value in second.items() if key in row} for row in rows]
        if name == "lines":
            rows[:] = [rows[0], more[1], rows[1], more[0]]  # scattered
        else:
            rows[:] = rows + more if name == "cashpointclosing" else more + rows
    receipts, deviations = read_tables(tmp_path, content)
    assert deviations == []
    assert [(r.closing_number, sorted(line.gross_cents for line in r.lines)) for r in receipts] == [
        (12, [2380, 101170]),
        (13, [2380, 101170]),
    ]


def test_misspelt_columns_are_recognised(tmp_path: Path) -> None:
    content = tables()
    content["vat"] = [{"Z_ERESSION" if c == "Z_ERSTELLUNG" else c: t for c, t in row.items()} for row in content["vat"]]
    write_folder(tmp_path / "export", content)
    file = tmp_path / "export" / "vat.csv"
    lines = file.read_text().splitlines()
    header = lines[0].replace("Z_ERSTELLUNG;", "").replace("UST_SATZ", "UST_SATZZ")
    file.write_text("\r\n".join([header, *(line.replace("K1;;", "K1;", 1) for line in lines[1:])]) + "\r\n")
    [record] = read(tmp_path)
    assert len(record.receipts) == 1
    assert {(d.code, d.expected) for d in record.deviations} == {
        ("column_misspelt", "Z_ERSTELLUNG"),
        ("column_misspelt", "UST_SATZ"),
    }


def test_windows_1252_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    plain = only_receipt(tmp_path / "a")
    assert only_receipt(tmp_path / "b", encoding="utf-8-sig") == plain
    receipts, deviations = read_tables(tmp_path / "c", tables(), encoding="cp1252")
    assert receipts == [plain]
    assert codes(deviations) == {"windows_1252"}
    receipts, deviations = read_tables(tmp_path / "d", tables(), encoding="utf-16")
    assert receipts == []
    assert codes(deviations) == {"encoding_unknown"}


def test_the_index_tells_how_the_tables_are_written(tmp_path: Path) -> None:
    write_folder(tmp_path / "export", every_cell(as_points))
    columns = "".join(
        f"<VariableColumn><Name>{name}</Name><AlphaNumeric/></VariableColumn>"
        for name in text_of("transactions", []).strip().split(";")
    )
    index = (
        "<DataSet><Media><Table><URL>transactions.csv</URL><DecimalSymbol>.</DecimalSymbol><VariableLength>"
        f"<ColumnDelimiter>|</ColumnDelimiter>{columns}</VariableLength></Table></Media></DataSet>"
    )
    (tmp_path / "export" / "index.xml").write_text(index)
    file = tmp_path / "export" / "transactions.csv"
    file.write_text(file.read_text().replace(";", "|"))
    [record] = read(tmp_path)
    assert [receipt.total_cents for receipt in record.receipts] == [103550]
    (tmp_path / "export" / "index.xml").write_bytes(b"<DataSet><!ENTITY a 'b'>")
    assert codes([d for r in read(tmp_path) for d in r.deviations]) == {"index_unreadable"}


def test_an_export_without_index_is_read(tmp_path: Path) -> None:
    receipts, deviations = read_tables(tmp_path, tables(), index=None)
    assert len(receipts) == 1
    assert codes(deviations) == {"index_missing"}


def test_discounts_inside_a_line_change_nothing(tmp_path: Path) -> None:
    place = RECEIPT | {"POS_ZEILE": "1", "UST_SCHLUESSEL": "1"}
    content = tables() | {
        "itemamounts": [
            place | {"TYP": "base_amount", "PF_BRUTTO": "29,75000"},
            place | {"TYP": "discount", "PF_BRUTTO": "-5,95000"},
        ],
        "subitems": [RECEIPT | {"POS_ZEILE": "2", "ZI_ART_NR": "A3", "ZI_MENGE": "1,000"}],
    }
    receipts, deviations = read_tables(tmp_path, content)
    assert receipts == [only_receipt(tmp_path / "plain")]
    assert deviations == []


def test_a_set_with_two_rates_becomes_two_lines_that_move_its_goods_once(tmp_path: Path) -> None:
    content = tables()
    content["lines"] = content["lines"][:1]
    content["lines_vat"][1]["POS_ZEILE"] = "1"
    [receipt], deviations = read_tables(tmp_path, content)
    assert deviations == []
    assert [(line.number, line.article, line.quantity, line.gross_cents, line.vat_rate) for line in receipt.lines] == [
        (1, "A1", "2.000", 2380, "19.00"),
        (2, "A1", "0.000", 101170, "7.00"),
    ]


def test_a_void_names_its_receipt_and_a_cancelled_line_stays(tmp_path: Path) -> None:
    content = tables()
    content["lines"][0]["P_STORNO"] = "1"
    content["references"] = [
        RECEIPT | {"REF_TYP": "Transaktion", "REF_Z_KASSE_ID": "K2", "REF_Z_NR": "9", "REF_BON_ID": "a7"},
        RECEIPT | {"REF_TYP": "ExterneRechnung", "REF_NAME": "R1"},
    ]
    [receipt], _ = read_tables(tmp_path, content)
    assert receipt.reference_id == "K2/9/a7"
    assert [line.cancelled for line in receipt.lines] == [True, False]


def test_the_net_method_is_read(tmp_path: Path) -> None:
    content = tables()
    for row in content["lines_vat"]:
        row["POS_BRUTTO"] = ""
    for row in content["transactions_vat"]:
        row["BON_NETTO"] = row["BON_UST"] = ""
    assert read_tables(tmp_path, content) == ([only_receipt(tmp_path / "plain")], [])


def test_a_receipts_vat_table_may_state_net_amounts_only(tmp_path: Path) -> None:
    content = tables()
    for row in content["transactions_vat"]:
        row["BON_BRUTTO"] = ""
    assert read_tables(tmp_path, content) == ([only_receipt(tmp_path / "plain")], [])


def test_that_net_and_tax_come_to_the_gross_amount_is_looked_at_each_time(tmp_path: Path) -> None:
    content = tables()
    first = content["lines_vat"][0]
    first["POS_NETTO"] = "19,00000"
    content["lines_vat"][1] = first | {"POS_ZEILE": "2", "UST_SCHLUESSEL": "1"}  # the same amounts once more
    _, deviations = read_tables(tmp_path, content)
    lines = [deviation.line for deviation in deviations if deviation.file == "lines_vat.csv" and deviation.line]
    assert set(lines) == {2, 3}


def test_a_row_that_is_damaged_costs_no_closing_before_it(tmp_path: Path) -> None:
    content = tables()
    for rows in content.values():
        rows += [row | {"Z_NR": "13"} for row in rows]
    folder = write_folder(tmp_path / "export", content)
    lines = (folder / "datapayment.csv").read_bytes().split(b"\r\n")
    lines[-2] = lines[-2].replace(b"EUR", b'"EUR"x')
    (folder / "datapayment.csv").write_bytes(b"\r\n".join(lines))
    records = read(tmp_path)
    assert [(record.number, len(record.receipts)) for record in records] == [(12, 1), (None, 0)]
    assert codes([deviation for record in records for deviation in record.deviations]) == {"quotes_open"}


def test_fractions_of_cents_keep_the_total(tmp_path: Path) -> None:
    content = tables()
    content["lines_vat"][0]["POS_BRUTTO"] = "23,80400"
    content["lines_vat"][1]["POS_BRUTTO"] = "1011,70400"
    content["lines_vat"].append(content["lines_vat"][0] | {"POS_ZEILE": "3", "POS_BRUTTO": "0,00200"})
    content["lines"].append(content["lines"][0] | {"POS_ZEILE": "3"})
    content["transactions"][0]["UMS_BRUTTO"] = "1035,51"
    [receipt], deviations = read_tables(tmp_path, content)
    assert sum(line.gross_cents for line in receipt.lines) == receipt.total_cents == 103551
    assert "fractions_of_cents" in codes(deviations)


def test_the_same_closing_in_two_exports_is_seen_once_and_another_content_is_a_conflict(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", tables())
    write_folder(tmp_path / "b", every_cell(with_dots))
    [record] = read(tmp_path)
    assert record.export == "a"
    write_folder(tmp_path / "c" / "deep", changed("transactions", BEDIENER_ID="M2"))
    first, second = read(tmp_path)
    assert first.receipts[0].employee == "M1"
    assert (second.closing, second.receipts) == (None, ())
    assert codes(list(second.refusals)) == {"closing_conflict"}


def test_missing_closing_numbers_are_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", tables())
    later = {name: [row | {"Z_NR": "15"} for row in rows] for name, rows in tables().items()}
    write_folder(tmp_path / "b", later)
    [gap] = [d for record in read(tmp_path) for d in record.deviations]
    assert (gap.code, gap.register, gap.value) == ("closings_missing", "K1", "13–14")


def test_rows_without_closing_or_receipt_are_refused(tmp_path: Path) -> None:
    content = tables()
    content["lines"].append(content["lines"][0] | {"Z_NR": "99"})
    content["datapayment"].append(content["datapayment"][0] | {"BON_ID": "b9"})
    receipts, deviations = read_tables(tmp_path, content)
    assert len(receipts) == 1
    assert codes(deviations) == {"closing_unknown", "receipt_unknown"}


def test_an_export_is_taken_once_it_is_whole(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "export", tables())

    def grow(seconds: float) -> None:
        with (folder / "lines.csv").open("ab") as file:
            file.write(b"x")

    [record] = LegalRecord(tmp_path, BERLIN, settle_seconds=60, sleep=grow).closings()
    assert codes(list(record.deviations)) == {"still_written"}
    (folder / "lines.csv").unlink()
    assert codes([d for r in read(tmp_path) for d in r.deviations]) == {"table_missing"}


def test_a_closing_whose_number_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    content = tables()
    content["cashpointclosing"].append({**content["cashpointclosing"][0], "Z_NR": "twelve"})
    _, deviations = read_tables(tmp_path, content)
    assert [str(deviation.place) for deviation in deviations] == ["export: cashpointclosing.csv, line 3, column Z_NR"]


def test_a_missing_index_is_named_as_it_is(tmp_path: Path) -> None:
    _, [deviation] = read_tables(tmp_path, tables(), index=None)
    assert deviation.place == "export: index.xml"


def test_a_sum_that_differs_names_its_closing_or_receipt(tmp_path: Path) -> None:
    content = tables()
    content["transactions"][0]["UMS_BRUTTO"] = "1035,51"
    _, deviations = read_tables(tmp_path, content)
    places = {str(deviation.place) for deviation in deviations}
    assert "export: datapayment.csv, column BASISWAEH_BETRAG, receipt K1-4711" in places
    assert "export: businesscases.csv, column Z_UMS_BRUTTO, K1 closing 12" in places


def test_the_sums_of_a_closing_are_not_compared_with_what_could_not_be_read(tmp_path: Path) -> None:
    content = tables()
    content["lines"][0]["GV_TYP"] = "Umsätzchen"
    receipts, deviations = read_tables(tmp_path, content)
    assert receipts == []
    assert codes(deviations) == {"code_unknown"}


def test_an_agency_of_blanks_is_none(tmp_path: Path) -> None:
    content = tables()
    content["lines"][0]["AGENTUR_ID"] = " "
    content["businesscases"][0]["AGENTUR_ID"] = " "
    assert read_tables(tmp_path, content) == ([only_receipt(tmp_path / "plain")], [])


def test_each_code_has_a_text_and_is_either_a_warning_or_a_refusal() -> None:
    assert not WARNINGS.keys() & REFUSALS.keys()
    for code in (*WARNINGS, *REFUSALS):
        deviation = Deviation(code, "export", "lines.csv", 3, "MENGE", value="1,234.50", expected="7.00")
        assert deviation.text("de").endswith(".") or "{" not in deviation.text("de")
    assert Deviation("sum_differs", "e", value="1,234.50", expected="7.00").text("de").count("1.234,50") == 1


def test_the_key_of_the_tests_is_the_standard_s() -> None:
    assert list(KEY) == ["Z_KASSE_ID", "Z_ERSTELLUNG", "Z_NR"]
