"""Translates the definitions that are built from settings into the settings' language."""

from collections.abc import Sequence

import dagster as dg

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.messages import ENGLISH, translated


def in_language(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with their descriptions in the settings' language.

    Checks that an asset declares itself are made with it, before there are settings; theirs stay English.
    """
    language = settings.language
    if language == ENGLISH:
        return list(assets)
    return [
        asset.map_asset_specs(
            lambda spec: spec.replace_attributes(description=translated(spec.description or "", language))
        )
        for asset in assets
    ]
