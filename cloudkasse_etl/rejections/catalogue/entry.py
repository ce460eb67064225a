"""The type of a catalogue entry: the texts of a code. The codes are in the files beside this one."""

from dataclasses import dataclass

CLOUD = "cloud."


@dataclass(frozen=True)
class Failure:
    """What a code says, in English; other languages have it in i18n/locale. `{names}` are filled from the detail.

    `{system}` is filled with the system that the detail's `column` or `field` is from: SelectLine or the settings.
    `{value:n}` is an amount or a rate, which a detail writes in English format and each language in its own, and
    `{value:after}` a number of days: After 14 days. `{value:receipt}` are receipts within a sentence,
    and `{value:voided}` is what is said of them there: which it voids and which is not booked yet.
    `{differences:pairs}` are pairs of such numbers, each after its name: 8400/3: 11.90 / 12.00.
    `{more:more}` is how many more there are than the text names: " and 12 more", or nothing.
    `{entries}` are the detail's settings as the lines of cloudkasse.yaml that name them.

    Attributes:
        text: What is wrong.
        cure: What to do about it.
        holds: Whether it holds back a receipt that may well be right: a person can release it, and it is booked.
        by_hand: For a stock line: a person was asked to book it, so the program never does. Any other refused stock
            line is booked by the first import after its reason is gone.
    """

    text: str
    cure: str
    holds: bool = False
    by_hand: bool = False


def unclear(text: str) -> Failure:
    """A receipt that only a person can decide about."""
    return Failure(
        text,
        "Look at the receipt in the till; once it is clear, dismiss it here with a reason and book it by hand.",
    )


def by_hand(text: str) -> Failure:
    """A stock line that a person has to book in SelectLine, because the program cannot, or cannot know how."""
    return Failure(
        text,
        "Book the stock in SelectLine by hand, then dismiss the line here with a reason "
        "(cloudkasse-etl receipts dismiss RECEIPT --line N --reason TEXT); the program does not move it any more.",
        by_hand=True,
    )


def beyond(text: str) -> Failure:
    """A void that is not booked without review."""
    return Failure(
        text,
        "Look at the receipt in the till. If it is right, release it: cloudkasse-etl receipts release ID --reason "
        "TEXT; it is then booked and flagged. Otherwise dismiss it with a reason.",
        holds=True,
    )
