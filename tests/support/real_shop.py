"""The real shop: its article list, its settings, and its ERP in any empty database."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import HANG_SECONDS

SETTINGS: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "company": {"number": "1", "vat_id": "DE123456789", "tax_number": "12/345/67890"},
    "registers": [
        {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1"},
        {"number": "K2", "name": "Marktstand", "warehouse": "2", "price_group": "2"},
    ],
    "articles": {"groups": "all", "only_shop_active": False, "open_price_column": "_OFFENERPREIS"},
    "price_groups": {"1": {"basis": "net"}, "2": {"basis": "gross"}},
}

MAKE_ERP = Path(__file__).resolve().parents[3] / "shared" / "erp" / "make_erp.py"


def build_real_shop(url: str, articles: int = 0) -> None:
    """Builds the real shop into an empty database; skips where its article list is not there."""
    if not MAKE_ERP.exists():
        pytest.skip(f"the real shop's article list is not there: {MAKE_ERP}")
    command = [sys.executable, str(MAKE_ERP), url, "--articles", str(articles)]
    subprocess.run(command, check=True, capture_output=True, timeout=HANG_SECONDS)
