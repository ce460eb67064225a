"""Stages DSFinV-K exports: stage_legal_record.py EXPORTS. Without Dagster, ERP and cloud.

Each closing is read, translated, checked and stored with its receipts. Prints how many were staged and refused.
"""

import os
import sys
import uuid
from pathlib import Path

import msgspec

from cloudkasse_etl.config.settings import load
from cloudkasse_etl.sync.receipts.closing_staging import read_closing
from cloudkasse_etl.sync.receipts.judgement import judge_of
from cloudkasse_etl.sync.receipts.receipt_staging import ReceiptStaging
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import open_session
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from cloudkasse_etl.tills.port import Page


def main(exports: str) -> None:
    """Stages them into the state database that the environment names."""
    protocols = Path(os.environ["CLOUDKASSE_SETTINGS"]).parent
    with open_session(
        load(),
        options=SyncOptions(),
        protocol_folder=protocols,
        run_id=str(uuid.uuid4()),
        kind="receipts",
        started_by="a benchmark",
    ) as session:
        staging = ReceiptStaging(session, judge_of(session))
        record = LegalRecord(Path(exports), session.settings.zone, settle_seconds=0)
        for place, found in enumerate(record.closings() if exports else ()):
            assert found.closing is not None, found.deviations
            position = str(place)
            staging.stage(Page(found.texts, position, has_more=True, columns=found.columns))
            row = read_closing(msgspec.json.encode(found.closing))
            assert isinstance(row, dict), row
            session.store.closings.stage({f"{row['register']}|{row['number']}": row}, [], cursor=position)
        session.finish()
    print(staging.counts.new, len(staging.refused))


if __name__ == "__main__":
    main(sys.argv[1])
