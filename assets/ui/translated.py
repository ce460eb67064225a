"""Translates the definitions that are made before there are settings into the settings' language."""

from collections.abc import Sequence
from typing import TypeVar

import dagster as dg

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.messages import ENGLISH, translated
from cloudkasse_etl.i18n.text import rendered

_Definition = TypeVar("_Definition", bound=dg.AssetsDefinition)


def in_language(definitions: Sequence[_Definition], settings: Settings) -> list[_Definition]:
    """The assets, or checks, with their descriptions and those of the checks that they declare in the language."""
    language = settings.language
    if language == ENGLISH:
        return list(definitions)
    found = []
    for one in definitions:
        parts = one.get_attributes_dict()
        del parts["execution_type"]  # a beta of Dagster's; the default is what all of ours are: executed here
        parts["specs"] = [
            spec.replace_attributes(description=translated(spec.description or "", language)) for spec in one.specs
        ]
        # Dagster maps an asset's own specs only, so what it is made of is handed on with other checks
        parts["check_specs_by_output_name"] = {
            output: spec._replace(description=rendered(spec.description or "", language))
            for output, spec in one.node_check_specs_by_output_name.items()
        }
        found.append(type(one)(**parts))
    return found
