"""Settings: when synchronisations start automatically."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.settings_file import refused
from cloudkasse_etl.i18n.text import say

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time of the day, 08:00.")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Nightly(Section):
    """The time of each day at which everything is synchronised."""

    time: Clock = "02:30"


class OpeningHours(Section):
    """The hours between which receipts are fetched; the last time is at closing."""

    every_minutes: Annotated[int, Field(ge=1, le=720)] = 15
    opens: Clock = "08:00"
    closes: Clock = "20:00"
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri", "sat")

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise refused(
                say(
                    "It opens at {opens} and closes at {closes}: closes must be later on the same day; for a shop that "
                    "is open past midnight write 00:00 to 23:59.",
                    opens=self.opens, closes=self.closes,
                ),
                "closes",
            )  # fmt: skip
        return self


class FreshWithin(Section):
    """After how many hours without a check the data counts as stale; null: never."""

    master_data: Annotated[int, Field(ge=1, le=8760)] | None = 26
    receipts: Annotated[int, Field(ge=1, le=8760)] | None = 26


class Automation(Section):
    """When synchronisations start automatically, once their schedule or sensor is switched on in the UI."""

    nightly: Nightly = Nightly()
    spread_minutes: Annotated[int, Field(ge=1, le=720)] = Field(
        60, description="Of a chain: the time over which the companies' nightly runs are spread."
    )
    receipts: OpeningHours = OpeningHours()
    look_seconds: Annotated[int, Field(ge=10, le=86400)] = Field(
        60, description="How often sensor new_data looks whether there is anything new."
    )
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        3, description="How often a run that broke on network or database is started again by itself."
    )
    # with them the third try of all is six minutes after the failure: a router that starts again, or the line's
    # nightly change of address, takes five
    retry_minutes: Annotated[tuple[Annotated[float, Field(ge=0, le=1440)], ...], Field(min_length=1)] = Field(
        (1, 5, 20), description="The pause before each of these tries; the last one holds for all further ones."
    )
    fresh_hours: FreshWithin = FreshWithin()
