"""A validator made from DATEV's own machine-readable description of a Buchungsstapel, field by field."""

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import pytest

DESCRIPTION = (
    Path(__file__).resolve().parents[4] / "shared" / "counterparts" / "datev" / "Format_Buchungsstapel_DATEV.xml"
)
needs_description = pytest.mark.skipif(
    not DESCRIPTION.is_file(), reason="DATEV's format description is not here (shared/counterparts/datev)"
)


@dataclass(frozen=True)
class DescribedField:
    """A field as DATEV describes it."""

    label: str
    length: int
    places: int
    kind: str
    is_needed: bool
    expression: str

    def fault(self, value: str) -> str | None:
        """What is wrong with a value; None where nothing is."""
        if not value:
            return "is needed" if self.is_needed else None
        if self.kind == "Text":
            return None if len(value) <= self.length else f"{value!r} is longer than {self.length}"
        if self.kind == "Datum":
            wanted = {"TTMM": r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])"}.get(self.expression, r"\d{8}")
        elif self.kind == "Konto":
            wanted = rf"(?!0+$)\d{{1,{self.length}}}"
        elif self.kind == "Betrag":
            wanted = rf"(?!0+,0+$)\d{{1,{self.length}}},\d{{{self.places}}}"
        else:
            wanted = rf"\d{{1,{self.length}}}" + (rf"(,\d{{1,{self.places}}})?" if self.places else "")
        return None if re.fullmatch(wanted, value) else f"{value!r} is no {self.kind}"


def described_fields() -> list[DescribedField]:
    found = []
    for field in ElementTree.parse(DESCRIPTION).getroot().iter("Field"):
        told = {child.tag: child.text or "" for child in field}
        found.append(
            (
                int(told["OrdinalNumber"]),
                DescribedField(
                    told["Label"], int(told["Length"]), int(told["DecimalPlaces"]), told["FormatType"],
                    told["Necessary"] == "1", told.get("FormatExpression", ""),
                ),
            )
        )  # fmt: skip
    return [field for _, field in sorted(found, key=lambda pair: pair[0])]


def faults_of(body: bytes) -> list[str]:
    """What of a file's rows is not as DATEV describes it."""
    fields = described_fields()
    text = body.decode("cp1252")
    found = [] if text.endswith("\r\n") and "\n" not in text.replace("\r\n", "") else ["a line does not end in CRLF"]
    for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=";", strict=True), 1):
        if number < 3:
            continue
        if len(row) != len(fields):
            found.append(f"row {number} has {len(row)} fields")
        for field, value in zip(fields, row, strict=False):
            if (fault := field.fault(value)) is not None:
                found.append(f"row {number}, {field.label}: {fault}")
    return found
