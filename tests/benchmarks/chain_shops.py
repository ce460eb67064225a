"""A chain of small shops for benchmarks: chain_shops.py FOLDER COUNT SERVER makes them, each synchronised once.

`chain_shops.py FOLDER` looks at all of them, as one tick of sensor `new_data` does, and prints what it found.
"""

import json
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from cloudkasse_etl.config.loading import load_installation
from cloudkasse_etl.sync.monitoring.looking_at_companies import look_at_companies
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import open_session
from tests.support import small_erp
from tests.support.worlds import MASTER_DATA

REGISTERS = """\
registers:
  - {number: K1, name: Laden, warehouse: "1", price_group: "1", cash_account: "1000"}
accounts: {clearing: "1371"}
"""


def settings(folder: Path, count: int, shared: str = "") -> None:
    """Writes a chain's settings files."""
    companies = folder / "companies"
    companies.mkdir()
    (companies / "defaults.yaml").write_text(shared or "price_groups: {'1': {basis: net}}", encoding="utf-8")
    for number in range(count):
        (companies / f"shop{number:04d}.yaml").write_text(REGISTERS, encoding="utf-8")


def environment(folder: Path, server: str) -> Mapping[str, str]:
    """What a shell would export."""
    return {
        "CLOUDKASSE_COMPANIES": str(folder / "companies"),
        "CLOUDKASSE_ERP_URL": f"sqlite:///{folder}/{{company}}.db",
        "CLOUDKASSE_API_URL": f"{server}/of-{{company}}",
        "CLOUDKASSE_API_TOKEN": "a-token",
        "CLOUDKASSE_DAGSTER_STORAGE": str(folder / "dagster"),
    }


def make(folder: Path, count: int, server: str) -> None:
    """Makes the shops, and synchronises each once."""
    settings(folder, count, json.dumps({key: small_erp.SETTINGS[key] for key in ("price_groups",)}))
    os.environ.update(environment(folder, server))
    installation = load_installation()
    for company in installation.companies():
        small_erp.build(f"sqlite:///{folder / company}.db", articles=5)
        with open_session(
            installation.configuration(company),
            run_id=str(uuid.uuid4()),
            kind="all",
            options=SyncOptions(),
            protocol_folder=folder / "protocols",
            started_by="a benchmark",
        ) as session:
            for step in (*MASTER_DATA, stage_receipts, stage_closings):
                step(session)
            session.finish()


def look() -> None:
    """Looks at all companies at once, and prints how many are level, have news, cannot be reached."""
    installation = load_installation()
    looks = look_at_companies(installation.configuration, installation.companies())
    news = [one for one in looks if one.novelty is not None and one.novelty.kind is not None]
    silent = [one for one in looks if one.problem is not None]
    print(len(looks) - len(news) - len(silent), len(news), len(silent))


if __name__ == "__main__":
    if sys.argv[1:]:
        make(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    else:
        look()
