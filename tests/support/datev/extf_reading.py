"""Reads DATEV's files without the program: rows as dictionaries, and what each account comes to."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from mloda.community.feature_groups.experimental.german_ledger.datev import read_batch

Sums = dict[str, int]


def head_of(body: bytes) -> list[str]:
    """The cells of the first line."""
    return next(csv.reader(io.StringIO(body.decode("cp1252")), delimiter=";"))


def rows_of(body: bytes) -> list[dict[str, str]]:
    """The rows, by the names of the second line."""
    _, names, *rows = csv.reader(io.StringIO(body.decode("cp1252"), newline=""), delimiter=";", strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def account_sums(bodies: Iterable[bytes]) -> Sums:
    """What each account comes to, in cents; those at 0 are left out."""
    sums: Counter[str] = Counter()
    for body in bodies:
        for row in rows_of(body):
            cents = int(row["Umsatz (ohne Soll/Haben-Kz)"].replace(",", ""))
            signed = cents if row["Soll/Haben-Kennzeichen"] == "S" else -cents
            sums[row["Konto"]] += signed
            sums[row["Gegenkonto (ohne BU-Schlüssel)"]] -= signed
    return {account: cents for account, cents in sums.items() if cents}


def sums_of_another_reader(folder: Path) -> Sums:
    """The same by a reader that is not ours; it takes EUR alone."""
    sums: Counter[str] = Counter()
    for path in folder.glob("EXTF_*.csv"):
        _, legs = read_batch(str(path))
        for account, amount in zip(legs["Konto"], legs["Betrag"], strict=True):
            sums[account] += int(amount * 100)
    return {account: cents for account, cents in sums.items() if cents}


def files_in(folder: Path) -> list[bytes]:
    """The files of a folder, by name."""
    return [path.read_bytes() for path in sorted(folder.glob("EXTF_*.csv"))]
