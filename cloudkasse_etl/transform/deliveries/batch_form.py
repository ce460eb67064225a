"""A batch of postings in the form of SelectLine's BatchPostings (docs/deliveries.md, The ledger). Pure.

What is sent is frozen as it is made here. No period is sent: the API does not ask for one, and what its last place
means is not published; SelectLine posts in the period of the day.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.transform.deliveries.ledger_postings import CompoundPosting, LedgerPosition
from cloudkasse_etl.transform.deliveries.transfer_form import scaled, without_nulls

TEXT_LENGTH: Final = 80
DOCUMENT_LENGTH: Final = 40
ONCE: Final = "Once"
"""Processed once: a batch that may be processed again and again would post the same sales each time."""


@dataclass(frozen=True, slots=True)
class BatchHead:
    """What a batch says besides its postings.

    Attributes:
        key: Ours, by which it is found again: SelectLine's description of it.
        number: Register and closing or day, for a bookkeeper to look for.
        register: The register, of which receipts are named.
        reference: Register and closing or day, as a person reads them.
    """

    key: str
    number: str
    register: str
    reference: str


def batch_form(postings: Sequence[CompoundPosting], head: BatchHead) -> dict[str, Any]:
    """What creates a batch, and then each of its postings.

    Args:
        postings: The postings.
        head: All else.

    Returns:
        JSON's object: `Head` creates the batch, each of `Postings` a posting; a field without a value is left out.
    """
    names = [_document(posting, head) for posting in postings]
    several, seen = Counter(names), Counter[str]()
    forms = []
    for name, posting in zip(names, postings, strict=True):
        seen[name] += 1
        # each its own: it is by this that a posting is found again in its batch
        forms.append(_posting(posting, f"{name}-{seen[name]}" if several[name] > 1 else name, head.reference))
    return {"Head": {"Description": head.key, "ProcessingType": ONCE}, "Postings": forms}


def _document(posting: CompoundPosting, head: BatchHead) -> str:
    name = head.number if posting.number is None else f"{head.register}-{posting.number}"
    room = DOCUMENT_LENGTH - 5  # for the number of one of several
    return name if len(name) <= room else f"{name[: room - 9]}~{fingerprint(name, size=4)}"


def _posting(posting: CompoundPosting, document: str, reference: str) -> dict[str, Any]:
    return {
        "PostDate": f"{posting.day.isoformat()}T00:00:00",
        "PostingDocument": document,
        "ServiceDate": f"{posting.sold.isoformat()}T00:00:00",
        "Positions": [_position(position, posting.currency, reference) for position in posting.positions],
    }


def _position(position: LedgerPosition, currency: str, reference: str) -> dict[str, Any]:
    has_tax = position.tax_code is not None
    return without_nulls(
        {
            "Account": position.account,
            "Text": _cut(reference),
            "Text2": _cut(", ".join(position.kinds)) or None,
            "Amount": position.amount_cents / 100,
            "TaxCode": position.tax_code,
            "Tax": float(position.vat_rate) if has_tax and position.vat_rate is not None else None,
            "TaxValue": position.tax_cents / 100 if has_tax else None,
            "Currency": currency,
        }
    )


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


def key_of_batch(head: Mapping[str, Any]) -> str | None:
    """Our key in the head of a batch as SelectLine tells it; None for one that is not ours."""
    found = head.get("Description")
    return found if isinstance(found, str) and found.startswith("cloudkasse:") else None


@dataclass(frozen=True, slots=True)
class Compared:
    """What of a batch is there.

    Attributes:
        missing: Postings that are not, as they are to be sent.
        doubled: Records of postings that are there once too often.
        altered: Records of postings that are otherwise than they were sent.
        foreign: Documents of postings that nobody sent from here.
    """

    missing: tuple[Mapping[str, Any], ...]
    doubled: tuple[int, ...]
    altered: tuple[int, ...]
    foreign: tuple[str, ...]

    @property
    def surplus(self) -> tuple[int, ...]:
        """Records of postings that should not be there."""
        return (*self.doubled, *self.altered)

    @property
    def is_whole(self) -> bool:
        """Whether the batch is as it was frozen."""
        return not self.missing and not self.surplus and not self.foreign


def compared(frozen: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> Compared:
    """Compares the postings of a batch with what was frozen; texts, and what SelectLine adds of its own, do not count.

    Args:
        frozen: As they are to be sent.
        found: As they are read back.

    Returns:
        What differs.
    """
    wanted = {str(posting["PostingDocument"]): posting for posting in frozen}
    there: set[str] = set()
    doubled: list[int] = []
    altered: list[int] = []
    foreign: list[str] = []
    for posting in sorted(found, key=lambda one: int(one.get("Record", 0))):
        name = str(posting.get("PostingDocument") or "")
        if name not in wanted:
            foreign.append(name or "-")
        elif _told(posting) != _told(wanted[name]):
            altered.append(int(posting["Record"]))
        elif name in there:
            doubled.append(int(posting["Record"]))
        else:
            there.add(name)
    missing = (posting for name, posting in wanted.items() if name not in there)
    return Compared(tuple(missing), tuple(doubled), tuple(altered), tuple(foreign))


def _told(posting: Mapping[str, Any]) -> tuple[Any, ...]:
    days = tuple(str(posting.get(name) or "")[:10] for name in ("PostDate", "ServiceDate"))
    return (*days, *sorted(_line(position) for position in posting.get("Positions") or ()))


def _line(position: Mapping[str, Any]) -> tuple[str, ...]:
    texts = tuple(str(position.get(name) or "") for name in ("Account", "TaxCode", "Currency"))
    amounts = tuple(str(scaled(position.get(name) or 0, 2)) for name in ("Amount", "TaxValue"))
    return (*texts, *amounts)


def postings_of(body: bytes) -> list[dict[str, Any]]:
    """The postings of a batch as it was frozen."""
    found: list[dict[str, Any]] = orjson.loads(body)["Postings"]
    return found


def head_of(body: bytes) -> bytes:
    """What creates a batch, as it was frozen."""
    return orjson.dumps(orjson.loads(body)["Head"])
