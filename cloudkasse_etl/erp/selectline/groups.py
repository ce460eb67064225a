"""Makes names of SelectLine's groups (GRUPPEN) unique. They are read in reader.py."""

import pandas as pd

SEVERAL_NAMES = "several_names"
"""Key of `frame.attrs` under which the articles' reader keeps the names of groups that have several."""


def distinct_names(groups: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Groups (number, name), the alphabetically first of several names; and all names of those that have several."""
    groups = groups[["number", "name"]].dropna().drop_duplicates().sort_values(["number", "name"])
    several = groups["number"].duplicated(keep=False)
    names = {str(number): ", ".join(sorted(rows["name"])) for number, rows in groups[several].groupby("number")}
    return groups.drop_duplicates("number"), names
