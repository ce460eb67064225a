"""Settings of the Dagster UI: the owners of the assets, and the address of their source code."""

from typing import Annotated, Literal

from pydantic import Field

from cloudkasse_etl.config.section import Section

Owner = Annotated[
    str,
    Field(
        pattern=r"^(team:[^\s@]{1,60}|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7})$",
        description="Who answers for the assets: team:accounting, or an e-mail address.",
    ),
]


class SourceCode(Section):
    """The address of the source code; the Dagster UI links each asset to its lines there."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]
    branch: Annotated[str, Field(min_length=1)] = "main"
    platform: Literal["github", "gitlab"]


class Ui(Section):
    """Settings of the Dagster UI."""

    owners: tuple[Owner, ...] = ()
    source_code: SourceCode | None = Field(
        None, description="Without it the UI names the files on the computer that it runs on."
    )
