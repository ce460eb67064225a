"""Stages DSFinV-K exports: stage_legal_record.py EXPORTS. Without Dagster, ERP and cloud.

Each closing is read, translated, checked and stored with its receipts. Prints how many were staged and refused.
"""

import os
import sys
import uuid
from pathlib import Path

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.config.sections.till_settings import Dsfinvk, TillSettings
from cloudkasse_etl.sync.receipts.receipt_staging import ReceiptStaging
from cloudkasse_etl.sync.receipts.validation.receipt_validation import validator_of
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import open_session


def main(exports: str) -> None:
    """Stages them into the state database that the environment names."""
    protocols = Path(os.environ["CLOUDKASSE_SETTINGS"]).parent
    configuration = load()
    till = TillSettings(kind="dsfinvk", dsfinvk=Dsfinvk(folder=Path(exports or "nothing")))
    settings = configuration.settings.model_copy(update={"till": till})
    with open_session(
        configuration.model_copy(update={"settings": settings}),
        options=SyncOptions(),
        protocol_folder=protocols,
        run_id=str(uuid.uuid4()),
        kind="receipts",
        started_by="a benchmark",
    ) as session:
        staging = ReceiptStaging(session, validator_of(session))
        for page in session.client.pages("receipts", None) if exports else ():
            staging.stage(page)
        session.finish()
    print(staging.counts.new, len(staging.refused))


if __name__ == "__main__":
    main(sys.argv[1])
