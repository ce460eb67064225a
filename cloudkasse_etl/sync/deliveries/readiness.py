"""Whether anything can be delivered by the settings, before there is a run."""

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say


def require_delivery(settings: Settings, register: str | None = None) -> None:
    """Refuses a delivery that the settings do not provide for.

    Args:
        settings: The settings.
        register: The register that a person names; None where none is named.

    Raises:
        ConfigurationError: Nothing is delivered, or there is no such register.
    """
    if not settings.delivery.is_on:
        raise ConfigurationError(
            say("Nothing is delivered into SelectLine: delivery.documents and delivery.ledger are none."),
            hint=say(
                "Choose in the settings what is to be delivered: delivery.documents: transfer, delivery.ledger: batch."
            ),
        )
    known = [one.number for one in settings.registers]
    if register is not None and register not in known:
        raise ConfigurationError(
            say("There is no register '{register}' in the settings.", register=register),
            hint=say("There are: {registers}.", registers=", ".join(known) or "-"),
        )
