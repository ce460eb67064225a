"""The abilities of each kind of till, declared: nothing else asks which till it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cloudkasse_etl.entities import Kind, TillKind, kinds_of
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The facts of a kind of till.

    Attributes:
        kind: As the settings name it.
        title: Its name, as people read it.
        closings: How closings arrive: in a stream of their own, or each together with its receipts.
        closing_sums: Which of its sums a closing has: gross sums of business cases and tenders, or tenders alone.
        states_tse_failures: Whether its receipts say that their signature failed.
        without: By kind of record, the fields that the till has no place for. Where its list leaves them out, they
            count as they were sent.
    """

    kind: TillKind
    title: str
    closings: Literal["alone", "with_receipts"] = "alone"
    closing_sums: Literal["all", "tenders"] = "all"
    states_tse_failures: bool = False
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def has_closings_alone(self) -> bool:
        """Whether closings are fetched by themselves."""
        return self.closings == "alone"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of record that it takes, in the order of their upload."""
        return kinds_of(self.kind)


CAPABILITIES: Final[Mapping[TillKind, Capabilities]] = {
    "cloudkasse": Capabilities(kind="cloudkasse", title="CloudKasse"),
    "korona": Capabilities(
        kind="korona",
        title="KORONA.cloud",
        closing_sums="tenders",
        states_tse_failures=True,
        without={
            "registers": frozenset({"name", "price_group", "warehouse", "currency"}),
            "articles": frozenset({"description", "unit", "tax_code", "vat_rate"}),
            "prices": frozenset({"valid_to", "currency"}),
        },
    ),
    "dsfinvk": Capabilities(kind="dsfinvk", title="DSFinV-K", closings="with_receipts", states_tse_failures=True),
}


def refuse_if_none_is_taken(till: TillKind) -> None:
    """Refuses to work on master data for a till that takes none.

    Raises:
        ConfigurationError: It takes none.
    """
    if not kinds_of(till):
        raise ConfigurationError(
            say("Till {till} takes no master data.", till=CAPABILITIES[till].title),
            hint=say(
                "cloudkasse-etl export articles --csv FILE writes articles and gross prices for it; receipts are "
                "fetched by cloudkasse-etl sync receipts."
            ),
        )
