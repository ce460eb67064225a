"""Settings: the recipients of alerts about new rejections and failed runs."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.settings_file import refused
from cloudkasse_etl.i18n.text import say

Address = Annotated[str, Field(pattern=r'^[^\s@<>",;:()]+@[^\s@<>",;:()]+$', description="An e-mail address.")]


class Email(Section):
    """The mail server that sends alerts; the password comes from the environment."""

    host: Annotated[str, Field(pattern=r"^[0-9A-Za-z._:-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="587 with starttls, 465 with ssl, 25 with none, unless it is said."
    )
    security: Literal["starttls", "ssl", "none"] = "starttls"
    sender: Address
    recipients: Annotated[tuple[Address, ...], Field(min_length=1)]
    user: str | None = None
    ca_bundle: Path | None = Field(None, description="Certificates of an own authority (PEM).")

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.user is not None and self.security == "none":
            raise refused(
                say("A password would go over the network readable; set security to starttls or ssl."), "security"
            )
        return self


class Alerts(Section):
    """The recipients of alerts about new rejections and failed runs; the webhook's URL comes from the environment."""

    email: Email | None = None
    webhook: bool = False
    timeout_seconds: Annotated[float, Field(ge=0.1, le=20)] = Field(
        10, description="How long a mail server or webhook may take for each answer."
    )
    ui_url: Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")] | None = Field(
        None, description="Address of the Dagster UI, for links to the runs."
    )
