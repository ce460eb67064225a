"""The environment as one company of a chain sees it: its own values of variables, and its key where they say so."""

from collections.abc import Iterable, Mapping

from cloudkasse_etl.config.companies.company_files import suffix_of
from cloudkasse_etl.config.variables import CONNECTIONS, SECRETS
from cloudkasse_etl.errors import Problem
from cloudkasse_etl.i18n.text import say

PLACE = "{company}"


def environment_of(environment: Mapping[str, str], key: str) -> dict[str, str]:
    """The variables that name addresses and secrets, with the values that hold for a company.

    Args:
        environment: The installation's variables.
        key: The company's key.

    Returns:
        `NAME__KEY` where it is set, else `NAME`; `{company}` in addresses and names is the key.
    """
    found = {}
    for name in CONNECTIONS:
        value = environment.get(f"{name}__{suffix_of(key)}", environment.get(name))
        if value is not None:
            # a password may have any character: what looks like the place of a key in it is none
            found[name] = value if name in SECRETS else value.replace(PLACE, key)
    return found


def ownerless_variables(environment: Mapping[str, str], keys: Iterable[str]) -> list[Problem]:
    """The variables that are meant for a company that there is not: a misspelled one would silently not hold.

    Args:
        environment: The installation's variables.
        keys: Those of all companies.

    Returns:
        A problem for each.
    """
    known = {suffix_of(key) for key in keys}
    return [
        Problem(
            name,
            say("This environment variable is meant for a company {company}, which there is not.", company=suffix),
            say("Correct its name, write the company's settings file, or remove it."),
        )
        for name, _, suffix in sorted(variable.partition("__") for variable in environment)
        if suffix and name in CONNECTIONS and suffix not in known
        for name in (f"{name}__{suffix}",)
    ]
