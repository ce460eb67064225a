"""Reads the tables of a DSFinV-K export with pandas, and does nothing else: read_csv.py FOLDER."""

import sys
from pathlib import Path

import pandas as pd


def main(folder: str) -> None:
    print(sum(len(pd.read_csv(path, sep=";", decimal=",")) for path in sorted(Path(folder).glob("*.csv"))))


if __name__ == "__main__":
    main(sys.argv[1])
