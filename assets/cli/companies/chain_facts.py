"""What commands know of the companies of a chain: their last runs, how they are, and what they sold."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import rendered

if TYPE_CHECKING:
    from cloudkasse_etl.config.companies.installation import Installation
    from cloudkasse_etl.sync.monitoring.chain.company_status import LastRunOf
    from cloudkasse_etl.sync.outputs.chain.chain_page import CompanyFacts

# The receipts of a month are read for it.
_SECONDS_A_COMPANY = 120.0


@contextmanager
def last_runs() -> "Iterator[LastRunOf]":
    """Tells the run by which one judges a company; none where there is no history yet, or it cannot be read."""
    from assets.instance.home import find_home, open_instance

    with ExitStack() as opened:
        instance = None
        with suppress(CloudkasseError):
            home = find_home()
            if home.storage.is_dir():
                instance = opened.enter_context(open_instance(home))
        if instance is None:
            yield lambda company: None
        else:
            from assets.instance.run_history import last_run_of

            history = instance
            yield lambda company: last_run_of(history, company)


def facts_of_chain(installation: "Installation", companies: Sequence[str]) -> "tuple[list[CompanyFacts], str]":
    """What the page of a chain tells.

    Args:
        installation: The chain.
        companies: The keys of those that it is about.

    Returns:
        The companies, the worst first; and how many are how, as a sentence.
    """
    from cloudkasse_etl.sync.monitoring.chain.at_once import for_each
    from cloudkasse_etl.sync.monitoring.chain.company_status import STATE_WORDS, Counts, exit_code, statuses_of
    from cloudkasse_etl.sync.outputs.chain.chain_page import CompanyFacts, turnover_of

    language = installation.shared.language
    with last_runs() as last_run_of:
        statuses = statuses_of(installation.configuration, companies, last_run_of)
    readable = [str(one.company) for one in statuses if one.report is not None]
    sales = for_each(
        lambda key: turnover_of(installation.configuration(key)), readable, seconds_a_company=_SECONDS_A_COMPANY
    )
    sold = {answer.company: answer.found for answer in sales}
    facts = [
        CompanyFacts(
            key=str(one.company),
            state=rendered(STATE_WORDS[one.state], language),
            is_wrong=exit_code([one]) != 0,
            since=one.since,
            open_now=one.in_short(language),
            cure=rendered(one.cure, language),
            causes=one.report.causes if one.report is not None else (),
            turnover=sold.get(str(one.company)),
        )
        for one in statuses
    ]
    return facts, Counts.of(statuses).render(language)
