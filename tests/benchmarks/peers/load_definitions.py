"""Loads our definitions as Dagster's code server does, and makes of them what it sends to the webserver."""

import warnings

from dagster._core.remote_representation.external_data import RepositorySnap

warnings.simplefilter("ignore")

if __name__ == "__main__":
    from assets.definitions import defs

    assert RepositorySnap.from_def(defs().get_repository_def()).asset_nodes
