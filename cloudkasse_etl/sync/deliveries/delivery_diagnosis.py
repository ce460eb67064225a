"""What of SelectLine's Web API and of the settings would keep a delivery from it, for `check`. Writes nothing."""

from collections.abc import Iterator
from contextlib import suppress

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.erp.selectline_api.selectline_session import NoSessionMemory
from cloudkasse_etl.errors import CloudkasseError, Problem
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import place_of, tables_to_look_at
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipts
from cloudkasse_etl.sync.deliveries.ledger.ledger_diagnosis import diagnose_ledger
from cloudkasse_etl.sync.deliveries.storage.storage_drafts import storage_number
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.run.context import today

API = say("SelectLine's Web API")


def diagnose_delivery(configuration: Configuration) -> list[Problem]:
    """Checks settings, login, licence, tenant, rights, kind of document and ledger; nothing where nothing is delivered.

    Args:
        configuration: Settings and connections.

    Returns:
        Every problem with its cure.
    """
    delivery = configuration.settings.delivery
    left = [] if delivery.has_documents else _left_to_documents(configuration)
    if not delivery.is_on:
        return left
    tax_codes = _tax_codes(configuration) if delivery.has_documents or delivery.has_ledger else ()
    problems = [*left, *tax_codes, *_api(configuration)]
    return [*_settings(configuration.settings), *problems] if delivery.has_documents else problems


def _left_to_documents(configuration: Configuration) -> list[Problem]:
    """Sales that batches have left to documents, where no documents are delivered any more."""
    place = place_of(configuration.settings, configuration.connections)
    with suppress(CloudkasseError), tables_to_look_at(place) as opened:
        count = UndeliveredReceipts(connect(opened)).left_to_documents() if opened is not None else 0
        if count:
            text = say_count(
                "The sales of {count:,} receipt are in no document and not in the ledger: its batch has left them to a "
                "document, and none is delivered any more.",
                "The sales of {count:,} receipts are in no document and not in the ledger: their batches have left "
                "them to documents, and none are delivered any more.",
                count=count,
            )
            cure = say(
                "Set delivery.documents to transfer and deliver them, then switch it off; or take their batches back "
                "(deliveries retract) and deliver anew."
            )
            return [Problem("delivery.documents", text, cure)]
    return []


def _settings(settings: Settings) -> Iterator[Problem]:
    known = settings.delivery.transfer.cash_bank
    for register in settings.registers:
        if register.number not in known:
            yield Problem(
                f"delivery.transfer.cash_bank.{register.number}",
                say("Register {register} has no cash account of SelectLine.", register=register.number),
                say("Enter it in the settings; without it nothing that it sold is delivered."),
            )
    for number in sorted(known.keys() - {register.number for register in settings.registers}):
        yield Problem(
            f"delivery.transfer.cash_bank.{number}",
            say("There is no register {register} in the settings.", register=number),
            say("Correct the register's number."),
        )


def _tax_codes(configuration: Configuration) -> Iterator[Problem]:
    """Rates at which the settings book revenue, and for which SelectLine has no tax code today."""
    day = today(configuration.settings)
    try:
        with ErpFrames(configuration, day) as frames:
            rates = set(frames.booking([]).rates.texts_on(day).values())
    except CloudkasseError:
        return  # the ERP's own checks tell
    for rate in sorted(configuration.settings.accounts.revenue):
        if rate not in rates:
            yield Problem(
                "USDETAIL",
                say("SelectLine has no tax code with {rate} % today, at which accounts.revenue books.", rate=rate),
                say("Create the tax code in SelectLine, or remove the rate from accounts.revenue."),
            )


def _api(configuration: Configuration) -> list[Problem]:
    # one try, not minutes of retries: a person waits
    hasty = configuration.with_api(attempts=2, retry_seconds=10, connect_seconds=5)
    found: list[Problem] = []
    delivery = configuration.settings.delivery
    try:
        with SelectLineClient(hasty, NoSessionMemory()) as client:
            if delivery.has_documents:
                found += _documents(client, delivery.transfer.document_kind or "")
            if delivery.has_storages:
                client.storages.storage(storage_number(delivery.storage.number_prefix, 0))  # whether the user may
            if delivery.has_ledger:
                found += diagnose_ledger(client, configuration)
    except CloudkasseError as error:
        return [*found, Problem(API, error.message, error.hint or "")]
    return found


def _documents(client: SelectLineClient, kind: str) -> list[Problem]:
    kinds = client.document_kinds()
    next(iter(client.transfer_documents(kind)), None)  # whether the user may read them
    if kind in kinds:
        return []
    held = ", ".join(f"{key} {name}".strip() for key, name in sorted(kinds.items())) or "-"
    return [
        Problem(
            "delivery.transfer.document_kind",
            say("SelectLine has no kind of document '{kind}'; it has: {held}.", kind=kind, held=held),
            say("Correct it in the settings, or create it in SelectLine."),
        )
    ]
