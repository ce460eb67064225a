"""The definitions in the settings' language, as far as they are built from settings."""

from collections.abc import Sequence

import dagster as dg

from cloudkasse_etl.config.settings import Settings


def in_language(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with their descriptions in the settings' language.

    Checks that an asset declares itself are made with it, before there are settings; theirs stay English.
    """
    if settings.language == "en":
        return list(assets)
    from cloudkasse_etl.i18n.german.assets import DESCRIPTIONS  # an English shop does without

    return [
        asset.map_asset_specs(lambda spec: spec.replace_attributes(description=DESCRIPTIONS[spec.key.to_user_string()]))
        for asset in assets
    ]
