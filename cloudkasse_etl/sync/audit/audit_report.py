"""The result of an audit: frozen, as sentences, a table, a page, and an object for `--json`. No I/O."""

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

import orjson

from cloudkasse_etl.i18n.formats import spelled
from cloudkasse_etl.i18n.text import Language, Text, joined, rendered_each, say, say_count
from cloudkasse_etl.sync.audit.receipt_differences import FIELDS

SHOWN: Final = 1000
"""How many differences and unreadable places are listed one by one; counts are complete."""
EXIT_DIFFERENT: Final = 10
COLUMNS: Final = (
    say("register"),
    say("closing"),
    say("receipt"),
    say("what differs"),
    say("in the legal record"),
    say("here"),
)
Kind = Literal["missing_here", "missing_there", "different", "unreadable"]
_KINDS: Final[dict[str, Text]] = {
    "missing_here": say("missing here"),
    "missing_there": say("missing in the legal record"),
    "different": say("different"),
    "unreadable": say("unreadable in the legal record"),
}


@dataclass(frozen=True, slots=True)
class AuditDifference:
    """A receipt or a closing that differs.

    Attributes:
        kind: Where it is missing, that both have it with other content, or that the export cannot be read there.
        register: The register.
        closing: The closing's number; None where it is not known.
        receipt: The receipt's number; None for a closing itself.
        fields: What differs: a key of `FIELDS`, the legal record's value and ours.
        text: Why it cannot be read, with its place.
    """

    kind: Kind
    register: str
    closing: int | None
    receipt: int | None = None
    fields: tuple[tuple[str, str, str], ...] = ()
    text: str = ""

    def rows(self, language: Language) -> list[tuple[str, ...]]:
        """A row for each field, with the columns of `COLUMNS`."""
        head = (self.register, *("" if number is None else str(number) for number in (self.closing, self.receipt)))
        if self.kind != "different":
            return [(*head, _KINDS[self.kind].render(language), self.text, "")]
        return [
            (*head, FIELDS[name].render(language), spelled(legal, language), spelled(ours, language))
            for name, legal, ours in self.fields
        ]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        folder: Where the exports are.
        audited_at: When it was made, RFC 3339.
        closings, receipts: How many of the legal record were compared.
        not_booked: How many receipts that are staged here and count are not booked.
        counts: How many differences of each kind.
        differences: The first ones.
        warnings: The first deviations of the exports that were read all the same, as text.
    """

    folder: str
    audited_at: str
    closings: int
    receipts: int
    not_booked: int
    counts: dict[str, int]
    differences: tuple[AuditDifference, ...]
    warnings: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both agree in everything."""
        return not sum(self.counts.values())

    @property
    def exit_code(self) -> int:
        """0 where both agree, else 10."""
        return 0 if self.is_equal else EXIT_DIFFERENT

    def sentence(self) -> Text:
        """The result in one sentence, and how many receipts are not booked yet."""
        compared = say(
            "{closings:,} closings with {receipts:,} receipts", closings=self.closings, receipts=self.receipts
        )
        if self.is_equal:
            found = say("The legal record ({compared}) equals what is staged here.", compared=compared)
        else:
            parts = [
                say("{count:,} {what}", count=count, what=_KINDS[kind]) for kind, count in self.counts.items() if count
            ]
            found = say(
                "The legal record ({compared}) differs from what is staged here: {parts}.",
                compared=compared,
                parts=joined(", ", parts),
            )
        if not self.not_booked:
            return found
        waits = say_count(
            "{count:,} of these receipts is not booked.",
            "{count:,} of these receipts are not booked.",
            count=self.not_booked,
        )
        return joined(" ", (found, waits))

    def rows(self, language: Language) -> list[tuple[str, ...]]:
        """The first differences, a row a field, as `COLUMNS` names them."""
        return [row for difference in self.differences for row in difference.rows(language)]

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The audit as `audit --json` prints it."""
        return {
            "equal": self.is_equal,
            "text": self.sentence().render(language),
            "folder": self.folder,
            "audited_at": self.audited_at,
            "closings": self.closings,
            "receipts": self.receipts,
            "not_booked": self.not_booked,
            **self.counts,
            "differences": [
                {
                    "kind": found.kind,
                    "register": found.register,
                    "closing": found.closing,
                    "receipt": found.receipt,
                    "text": found.text or None,
                    "fields": [{"field": name, "legal": legal, "here": ours} for name, legal, ours in found.fields],
                }
                for found in self.differences
            ],
            "warnings": list(self.warnings),
        }

    def html(self, language: Language) -> str:
        """The audit as a page of its own."""
        heads = "".join(f"<th>{escape(name)}</th>" for name in rendered_each(COLUMNS, language))
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in self.rows(language)
        )
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>" if rows else ""
        notes = "".join(f"<li>{escape(text)}</li>\n" for text in self.warnings)
        title = say("Audit of the legal record").render(language)
        return (
            f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            "<style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
            "td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left}</style></head><body>"
            f"<h1>{escape(title)}</h1><p>{escape(self.folder)} · {escape(self.audited_at)}</p>"
            f"<p><b>{escape(self.sentence().render(language))}</b></p>{table}<ul>{notes}</ul></body></html>\n"
        )

    def kept(self) -> str:
        """What of it is kept (JSON): the counts, without the differences one by one."""
        return orjson.dumps(
            {
                "folder": self.folder,
                "audited_at": self.audited_at,
                "closings": self.closings,
                "receipts": self.receipts,
                "not_booked": self.not_booked,
                "counts": self.counts,
            }
        ).decode()


def kept_report(text: str) -> AuditReport:
    """The audit of which `kept` made the text."""
    return AuditReport(**orjson.loads(text), differences=(), warnings=())


class AuditTally:
    """Counts differences by kind, and keeps the first ones."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
        self.first: list[AuditDifference] = []

    def add(self, difference: AuditDifference) -> None:
        """Adds one."""
        self.counts[difference.kind] += 1
        if len(self.first) < SHOWN:
            self.first.append(difference)
