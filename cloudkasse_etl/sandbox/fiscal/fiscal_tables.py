"""The 20 tables of DSFinV-K 2.4 as they are written, and the index.xml that describes them.

A column is its name and, after a colon, the most characters of a text, or the decimals of a number behind an `n`.
"""

from html import escape

_KEY = "Z_KASSE_ID:50 Z_ERSTELLUNG:30 Z_NR:n0"
TABLES = {
    "cashpointclosing": (
        "Stamm_Abschluss",
        (
            "Z_BUCHUNGSTAG:25 TAXONOMIE_VERSION:10 Z_START_ID:40 Z_ENDE_ID:40 NAME:60 STRASSE:60 PLZ:10 ORT:62 "
            "LAND:3 STNR:20 USTID:15 Z_SE_ZAHLUNGEN:n2 Z_SE_BARZAHLUNGEN:n2"
        ),
    ),
    "location": ("Stamm_Orte", "LOC_NAME:60 LOC_STRASSE:60 LOC_PLZ:10 LOC_ORT:62 LOC_LAND:3 LOC_USTID:15"),
    "cashregister": (
        "Stamm_Kassen",
        (
            "KASSE_BRAND:50 KASSE_MODELL:50 KASSE_SERIENNR:70 KASSE_SW_BRAND:50 KASSE_SW_VERSION:50 "
            "KASSE_BASISWAEH_CODE:3 KEINE_UST_ZUORDNUNG:1"
        ),
    ),
    "slaves": (
        "Stamm_Terminals",
        (
            "TERMINAL_ID:50 TERMINAL_BRAND:50 TERMINAL_MODELL:50 TERMINAL_SERIENNR:70 TERMINAL_SW_BRAND:50 "
            "TERMINAL_SW_VERSION:50"
        ),
    ),
    "pa": (
        "Stamm_Agenturen",
        (
            "AGENTUR_ID:n0 AGENTUR_NAME:60 AGENTUR_STRASSE:60 AGENTUR_PLZ:10 AGENTUR_ORT:62 AGENTUR_LAND:3 "
            "AGENTUR_STNR:20 AGENTUR_USTID:15"
        ),
    ),
    "tse": (
        "Stamm_TSE",
        (
            "TSE_ID:n0 TSE_SERIAL:68 TSE_SIG_ALGO:21 TSE_ZEITFORMAT:31 TSE_PD_ENCODING:5 TSE_PUBLIC_KEY:512 "
            "TSE_ZERTIFIKAT_I:1000 TSE_ZERTIFIKAT_II:1000"
        ),
    ),
    "vat": ("Stamm_USt", "UST_SCHLUESSEL:n0 UST_SATZ:n2 UST_BESCHR:55"),
    "businesscases": (
        "Z_GV_Typ",
        "GV_TYP:30 GV_NAME:40 AGENTUR_ID:n0 UST_SCHLUESSEL:n0 Z_UMS_BRUTTO:n5 Z_UMS_NETTO:n5 Z_UST:n5",
    ),
    "payment": ("Z_Zahlart", "ZAHLART_TYP:25 ZAHLART_NAME:60 Z_ZAHLART_BETRAG:n2"),
    "cash_per_currency": ("Z_Waehrungen", "ZAHLART_WAEH:3 ZAHLART_BETRAG_WAEH:n2"),
    "transactions": (
        "Bonkopf",
        (
            "BON_ID:40 BON_NR:n0 BON_TYP:30 BON_NAME:60 TERMINAL_ID:50 BON_STORNO:1 BON_START:30 BON_ENDE:30 "
            "BEDIENER_ID:50 BEDIENER_NAME:50 UMS_BRUTTO:n2 KUNDE_NAME:50 KUNDE_ID:50 KUNDE_TYP:50 "
            "KUNDE_STRASSE:60 KUNDE_PLZ:10 KUNDE_ORT:62 KUNDE_LAND:3 KUNDE_USTID:15 BON_NOTIZ:255"
        ),
    ),
    "datapayment": (
        "Bonkopf_Zahlarten",
        "BON_ID:40 ZAHLART_TYP:25 ZAHLART_NAME:60 ZAHLWAEH_CODE:3 ZAHLWAEH_BETRAG:n2 BASISWAEH_BETRAG:n2",
    ),
    "lines": (
        "Bonpos",
        (
            "BON_ID:40 POS_ZEILE:50 GUTSCHEIN_NR:50 ARTIKELTEXT:255 POS_TERMINAL_ID:50 GV_TYP:30 GV_NAME:40 "
            "INHAUS:1 P_STORNO:1 AGENTUR_ID:n0 ART_NR:50 GTIN:50 WARENGR_ID:40 WARENGR:50 MENGE:n3 FAKTOR:n3 "
            "EINHEIT:50 STK_BR:n5"
        ),
    ),
    "itemamounts": (
        "Bonpos_Preisfindung",
        "BON_ID:40 POS_ZEILE:50 TYP:20 UST_SCHLUESSEL:n0 PF_BRUTTO:n5 PF_NETTO:n5 PF_UST:n5",
    ),
    "subitems": (
        "Bonpos_Zusatzinfo",
        (
            "BON_ID:40 POS_ZEILE:50 ZI_ART_NR:50 ZI_GTIN:50 ZI_NAME:60 ZI_WARENGR_ID:40 ZI_WARENGR:50 "
            "ZI_MENGE:n3 ZI_FAKTOR:n3 ZI_EINHEIT:50 ZI_UST_SCHLUESSEL:n0 ZI_BASISPREIS_BRUTTO:n5 "
            "ZI_BASISPREIS_NETTO:n5 ZI_BASISPREIS_UST:n5"
        ),
    ),
    "transactions_tse": (
        "TSE_Transaktionen",
        (
            "BON_ID:40 TSE_ID:n0 TSE_TANR:n0 TSE_TA_START:30 TSE_TA_ENDE:30 TSE_TA_VORGANGSART:30 TSE_TA_SIGZ:n0 "
            "TSE_TA_SIG:512 TSE_TA_FEHLER:200 TSE_VORGANGSDATEN:1000"
        ),
    ),
    "transactions_vat": ("Bonkopf_USt", "BON_ID:40 UST_SCHLUESSEL:n0 BON_BRUTTO:n5 BON_NETTO:n5 BON_UST:n5"),
    "lines_vat": ("Bonpos_USt", "BON_ID:40 POS_ZEILE:50 UST_SCHLUESSEL:n0 POS_BRUTTO:n5 POS_NETTO:n5 POS_UST:n5"),
    "allocation_groups": ("Bonkopf_AbrKreis", "BON_ID:40 ABRECHNUNGSKREIS:50"),
    "references": (
        "Bon_Referenzen",
        "BON_ID:40 POS_ZEILE:50 REF_TYP:20 REF_NAME:40 REF_DATUM:30 REF_Z_KASSE_ID:50 REF_Z_NR:n0 REF_BON_ID:40",
    ),
}


def columns_of(table: str) -> list[tuple[str, str]]:
    """The names and types of a table's columns, in order."""
    return [(name, kind) for name, _, kind in (part.partition(":") for part in f"{_KEY} {TABLES[table][1]}".split())]


def index_xml() -> str:
    """The description that goes with the tables."""
    tables = "".join(_table(table, name) for table, (name, _) in TABLES.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<DataSet>\n<Version>1.0</Version>\n'
        "<DataSupplier><Name>CloudKasse sandbox</Name><Location></Location>"
        "<Comment>DSFinV-K 2.4</Comment></DataSupplier>\n"
        f"<Media>\n<Name>1</Name>\n{tables}</Media>\n</DataSet>\n"
    )


def _table(table: str, name: str) -> str:
    columns = "".join(_column(column, kind) for column, kind in columns_of(table))
    return (
        f"<Table><URL>{table}.csv</URL><Name>{escape(name)}</Name><UTF8/><DecimalSymbol>,</DecimalSymbol>"
        "<DigitGroupingSymbol>.</DigitGroupingSymbol><Range><From>2</From></Range><VariableLength>"
        "<ColumnDelimiter>;</ColumnDelimiter><RecordDelimiter>&#13;&#10;</RecordDelimiter>"
        f"<TextEncapsulator>&quot;</TextEncapsulator>{columns}</VariableLength></Table>\n"
    )


def _column(name: str, kind: str) -> str:
    if not kind.startswith("n"):
        form = f"<AlphaNumeric/><MaxLength>{kind}</MaxLength>"
    elif kind == "n0":
        form = "<Numeric/>"
    else:
        form = f"<Numeric><Accuracy>{kind[1:]}</Accuracy></Numeric>"
    return f"<VariableColumn><Name>{name}</Name>{form}</VariableColumn>"
