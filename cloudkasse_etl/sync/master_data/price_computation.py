"""The use case that computes the gross prices. Rejections are stored; nothing is sent."""

from cloudkasse_etl.entities import GROSS_PRICES
from cloudkasse_etl.sync.inputs.article_subset import Scope
from cloudkasse_etl.sync.master_data.changed_inputs import ReadRecords, read_if_changed
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession


def compute_gross_prices(session: SyncSession) -> AssetReport:
    """Computes the prices for the registers, and finds the articles that have no price."""

    def read(scope: Scope) -> ReadRecords:
        gross = scope.goods_of(session.sources).gross
        return ReadRecords(gross.rejections, len(gross.prices), gross.lacking, gross.turns)

    return read_if_changed(session, GROSS_PRICES, read)
