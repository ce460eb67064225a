"""The use case that reads one kind of record from the ERP. Rejections are stored; nothing is sent."""

from cloudkasse_etl.entities import Kind
from cloudkasse_etl.sync.inputs.article_subset import Scope
from cloudkasse_etl.sync.master_data.changed_inputs import ReadRecords, read_if_changed
from cloudkasse_etl.sync.master_data.desired_records import FLOWS
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession


def extract(session: SyncSession, kind: Kind) -> AssetReport:
    """Reads the records of a kind that are active and chosen, and checks them.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
        ErpSchemaError: A table or column is missing, or may not be read.
    """

    def read(scope: Scope) -> ReadRecords:
        found = FLOWS[kind.name].read(session, scope)
        return ReadRecords(found.rejections, len(found.frame))

    return read_if_changed(session, kind.extract, read)
