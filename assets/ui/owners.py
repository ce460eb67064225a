"""The owners of the assets, and links to their code, for the UI."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from assets.instance.home import PROJECT
from cloudkasse_etl.config.settings import Settings


class _InProject(dg.FilePathMapping):
    """A file's path in the repository, whose root is the project's folder."""

    def convert_to_source_control_path(self, local_path: Path) -> str:
        """The path with slashes, on Windows too."""
        return local_path.resolve().relative_to(PROJECT).as_posix()


def with_owners(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with their owners."""
    owners = settings.ui.owners
    return [asset.map_asset_specs(lambda spec: spec.replace_attributes(owners=owners)) for asset in assets]


def with_code(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with links to their code: in the repository that the settings name, or on this computer.

    It reads our source files, which a command does not need.
    """
    code = settings.ui.source_code
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        linked = dg.with_source_code_references(assets)
        if code is not None:
            linked = dg.link_code_references_to_git(
                linked,
                git_url=code.url.rstrip("/"),
                git_branch=code.branch,
                platform=code.platform,
                file_path_mapping=_InProject(),
            )
    return [asset for asset in linked if isinstance(asset, dg.AssetsDefinition)]
