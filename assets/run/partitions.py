"""A chain's companies as partitions: each has its own materialisations, checks and history on one asset page.

The keys are stored in Dagster's instance (sensor `companies`), so that a company which is added needs no reload, and a
thousand of them do not make the definitions larger.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import dagster as dg

from cloudkasse_etl.config.companies.installation import Installation

NAME = "company"
COMPANIES = dg.DynamicPartitionsDefinition(name=NAME)

_Definition = TypeVar("_Definition", bound=dg.AssetsDefinition)


def know_company(instance: dg.DagsterInstance, company: str | None) -> None:
    """Adds a company's partition, where a command runs it before sensor `companies` has seen its file.

    Args:
        instance: Where the partitions are stored.
        company: The company's key; None for a single shop.
    """
    if company is not None and not instance.has_dynamic_partition(NAME, company):
        instance.add_dynamic_partitions(NAME, [company])


def known_companies(instance: dg.DagsterInstance, installation: Installation) -> list[str]:
    """The keys of the companies that have a settings file and a partition already: others cannot be asked to run.

    Raises:
        ConfigurationError: The chain's folder cannot be read, or is empty.
    """
    partitions = {*instance.get_dynamic_partitions(NAME)}
    return [key for key in installation.companies() if key in partitions]


def partitions_of(installation: Installation) -> dg.PartitionsDefinition[Any] | None:
    """How jobs and assets are partitioned: by company in a chain, else not at all."""
    return COMPANIES if installation.is_chain else None


def by_company(definitions: Sequence[_Definition], installation: Installation) -> list[_Definition]:
    """The assets, or checks, with a partition for each company of a chain; those of a single shop as they are."""
    return [_partitioned(one) for one in definitions] if installation.is_chain else list(definitions)


def _partitioned(one: _Definition) -> _Definition:
    parts = one.get_attributes_dict()
    del parts["execution_type"]  # a beta of Dagster's; the default is what all of ours are: executed here
    parts["specs"] = [spec.replace_attributes(partitions_def=COMPANIES) for spec in one.specs]
    # the parameter of a check's specification is a preview of Dagster's, and warns
    parts["check_specs_by_output_name"] = {
        output: spec._replace(partitions_def=COMPANIES) for output, spec in one.node_check_specs_by_output_name.items()
    }
    return type(one)(**parts)
