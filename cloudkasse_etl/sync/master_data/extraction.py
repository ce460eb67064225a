"""The use cases that read the ERP: one a kind of record. What is refused is noted; nothing is sent."""

from collections.abc import Callable

from cloudkasse_etl.sync.inputs.extracts import Extract
from cloudkasse_etl.sync.master_data.judge import Judgement, judged
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession


def extract_company(session: SyncSession) -> AssetReport:
    """Reads the company (Mandant)."""
    return _extract(session, "selectline_company", lambda: session.sources.company)


def extract_registers(session: SyncSession) -> AssetReport:
    """Reads the registers, which the settings name."""
    return _extract(session, "selectline_registers", lambda: session.sources.registers)


def extract_employees(session: SyncSession) -> AssetReport:
    """Reads the employees that are active and chosen."""
    return _extract(session, "selectline_employees", lambda: session.sources.employees)


def extract_articles(session: SyncSession) -> AssetReport:
    """Reads the articles that are active and chosen."""
    return _extract(session, "selectline_articles", lambda: session.goods.articles)


def extract_prices(session: SyncSession) -> AssetReport:
    """Reads the prices of the price groups that the settings name."""
    return _extract(session, "selectline_prices", lambda: session.goods.prices)


def _extract(session: SyncSession, asset: str, read: Callable[[], Extract]) -> AssetReport:
    def judge() -> Judgement:
        extract = read()
        return Judgement(extract.rejections, len(extract.frame))

    return judged(session, asset, judge)
