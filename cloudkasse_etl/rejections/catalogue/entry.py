"""What a code of the catalogue says. The codes are in the files beside this one."""

from dataclasses import dataclass

CLOUD = "cloud."


@dataclass(frozen=True)
class Failure:
    """What a code says. `{names}` are filled from the rejection's detail.

    `{system}` is filled with where the detail's `column` or `field` is kept: in SelectLine or in the settings.

    Attributes:
        en, de: What is wrong.
        en_cure, de_cure: What to do about it.
        holds: Whether it holds a receipt that may well be right: a person can release it, and it goes through.
        by_hand: Of a stock line that is refused: a person was asked to book it, and so the program never does. Any
            other refused stock line is made up for by the first import that finds its reason gone.
    """

    en: str
    en_cure: str
    de: str
    de_cure: str
    holds: bool = False
    by_hand: bool = False


def unclear(en: str, de: str) -> Failure:
    """A receipt that nobody but a person can judge."""
    return Failure(
        en,
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        de,
        "Prüfen Sie den Bon in CloudKasse; ist er geklärt, verwerfen Sie ihn hier mit einem Grund, und "
        "buchen Sie ihn von Hand.",
    )


def by_hand(en: str, de: str) -> Failure:
    """A stock line that a person has to book in SelectLine, because the program cannot, or cannot know how."""
    return Failure(
        en,
        "Book the stock in SelectLine by hand, then dismiss the line here with a reason "
        "(cloudkasse-etl receipts dismiss RECEIPT --line N); the program does not move it any more.",
        de,
        "Buchen Sie den Bestand in SelectLine von Hand, und verwerfen Sie die Position dann hier mit einem Grund "
        "(cloudkasse-etl receipts dismiss BON --line N); das Programm bewegt sie nicht mehr.",
        by_hand=True,
    )
