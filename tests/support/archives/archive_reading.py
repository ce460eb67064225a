"""Archives as an auditor's program reads them: by their index.xml alone, with pandas."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

DTD = "gdpdu-01-09-2004.dtd"


def read_tables(folder: Path) -> dict[str, Any]:
    """Each table that index.xml declares: texts, exact decimals and days; null and an empty text are both ''."""
    root = ElementTree.parse(folder / "index.xml").getroot()
    return {_text(table, "Name"): _read(folder, table) for table in root.iter("Table")}


def _read(folder: Path, table: ElementTree.Element) -> Any:
    form = table.find("VariableLength")
    assert form is not None
    assert table.find("UTF8") is not None
    columns = [child for child in form if child.tag in ("VariablePrimaryKey", "VariableColumn")]
    found: Any = pd.read_csv(
        folder / _text(table, "URL"),
        sep=_text(form, "ColumnDelimiter"),
        quotechar=_text(form, "TextEncapsulator"),
        skiprows=int(_text(table, "Range/From")) - 1,
        names=[_text(column, "Name") for column in columns],
        header=None,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8",
    )
    for column in columns:
        name = _text(column, "Name")
        if column.find("Numeric") is not None:
            places = int(column.findtext("Numeric/Accuracy") or 0)
            found[name] = [_decimal(cell, places) for cell in found[name]]
        elif column.find("Date") is not None:
            assert _text(column, "Date/Format") == "DD.MM.YYYY"
            found[name] = [dt.datetime.strptime(cell, "%d.%m.%Y").date() if cell else None for cell in found[name]]  # noqa: DTZ007
        else:
            assert found[name].map(len).max() <= int(_text(column, "MaxLength")) or found.empty
    return found


def _decimal(cell: str, places: int) -> Decimal | None:
    if cell == "":
        return None
    assert re.fullmatch(rf"-?\d+{f',[0-9]{{{places}}}' if places else ''}", cell), cell
    return Decimal(cell.replace(",", "."))


def _text(element: ElementTree.Element, path: str) -> str:
    found = element.findtext(path)
    assert found, path
    return found


def faults_by_grammar(index: Path, grammar: Path) -> list[str]:
    """The elements of an XML file whose children are not as a DTD has them: what a validating parser would refuse."""
    declared = dict(re.findall(r"<!ELEMENT\s+(\w+)\s+(.*?)>", _without_comments(grammar), re.DOTALL))
    faults = []
    for element in ElementTree.parse(index).getroot().iter():
        model = declared.get(element.tag)
        children = "".join(f"{child.tag};" for child in element)
        if model is None:
            faults.append(f"{element.tag} is not declared")
        elif model == "(#PCDATA)" or model == "EMPTY":
            if children or (model == "EMPTY" and (element.text or "").strip()):
                faults.append(f"{element.tag} has {children}{element.text}")
        elif not re.fullmatch(_pattern(model), children) or (element.text or "").strip():
            faults.append(f"{element.tag} has {children}")
    return faults


def _without_comments(grammar: Path) -> str:
    return re.sub(r"<!--.*?-->", "", grammar.read_text(encoding="utf-8"), flags=re.DOTALL)


def _pattern(model: str) -> str:
    """A content model as a pattern of names, each with a semicolon; what follows another stands side by side."""
    return re.sub(r"[\s,]", "", re.sub(r"\w+", lambda name: f"(?:{name[0]};)", model))


def rows_of(frame: Any) -> set[tuple[Any, ...]]:
    """A table's rows, whatever their order."""
    return set(frame.itertuples(index=False, name=None))
