"""The job `show_receipt`: what became of one receipt, in the UI. An op, not an asset: nothing is materialised."""

from typing import Any

import dagster as dg
from pydantic import Field

from assets.automation.plan_job import looking_job
from assets.instance import tags
from assets.instance.typed_commands import as_typed
from assets.run.failures import plain_failures
from assets.ui.receipt_markdown import receipt_markdown
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.outputs.receipt_view import view_of
from cloudkasse_etl.sync.receipts.receipt_detail import show_receipt


def show_receipt_job(installation: Installation) -> Any:
    """The job that shows a receipt. It takes no lease, so it blocks no synchronisation."""

    language = installation.shared.language

    class ReceiptOptions(dg.Config):
        """Which receipt is shown."""

        receipt: str = Field(
            default="",  # so that the launchpad begins with the field, to be filled in
            description=say("The receipt: register and number, like K1-348, or the beginning of its id.").render(
                language
            ),
        )

    @dg.op(
        name="what_became_of_it",
        out=dg.Out(dg.Nothing),
        description=say("Reads our own tables, and nothing else. The receipt is this step's output metadata.").render(
            language
        ),
    )
    def what_became_of_it(context: dg.OpExecutionContext, config: ReceiptOptions) -> None:
        with plain_failures(language):
            try:
                configuration = installation.configuration(tags.company_of(context.run.tags))
                found = show_receipt(configuration, config.receipt)
            except ConfigurationError as error:  # a typing error is no failure, and needs no stack trace
                text = as_typed(error.render(language))
                context.add_output_metadata({"receipt": dg.MetadataValue.text(text)})
                context.log.warning(text)
                return
        text = receipt_markdown(view_of(found, language, configuration.settings.zone), language)
        context.add_output_metadata({"receipt": dg.MetadataValue.md(text), "status": found.listed.status})

    description = say(
        "Shows what became of one receipt, and changes nothing: status and reason, lines, payments, postings, "
        "stock, decisions and runs. Name it in the Launchpad, receipt: K1-348. It stands in the run's step "
        "what_became_of_it, under its output."
    )
    return looking_job(installation, tags.SHOW_RECEIPT, what_became_of_it, ReceiptOptions, description.render(language))
