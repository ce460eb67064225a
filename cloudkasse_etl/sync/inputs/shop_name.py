"""The name of the shop, for the head of a page."""

import datetime as dt

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames


def shop_name(configuration: Configuration, day: dt.date) -> str:
    """The company's name in the ERP; its number where that is away or refuses it: a page must not fail for it."""
    try:
        with ErpFrames(configuration, day) as frames:
            names = frames.company.frame["name"]
            if len(names):
                return formats.clean(str(names.iloc[0]), 100)
    except CloudkasseError:
        pass
    number = configuration.settings.company.number
    return say("Company {number}", number=number).render(configuration.settings.language)
