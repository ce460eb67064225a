"""Protects what a program of one's own imports from the library: each name is there, and costs nothing until then."""

import subprocess
import sys

import pytest

import cloudkasse_etl
from tests.support.patience import HANG_SECONDS


@pytest.mark.parametrize("name", cloudkasse_etl.__all__)
def test_a_name_that_the_library_offers_is_there(name: str) -> None:
    assert getattr(cloudkasse_etl, name).__name__ == name


def test_a_name_that_it_does_not_offer_is_missed_as_in_any_module() -> None:
    assert not hasattr(cloudkasse_etl, "sell")


def test_importing_the_library_imports_nothing_else() -> None:
    program = "import sys, cloudkasse_etl; print(sum(name.startswith('cloudkasse_etl.') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG_SECONDS)
    assert done.stdout.strip() == "0"
