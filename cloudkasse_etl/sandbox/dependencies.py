"""The packages that only the sandbox needs (extra `sandbox`): a shop that runs against its own cloud does without."""

from importlib.util import find_spec

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say

PACKAGES = ("fastapi", "uvicorn")


def require_sandbox() -> None:
    """Checks that the packages are installed.

    Raises:
        ConfigurationError: One is missing; the hint says how to install them.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            say("The sandbox needs packages that are not installed: {names}.", names=", ".join(missing)),
            hint=say('Install them: pip install "cloudkasse-etl[sandbox]", or the packages of requirements.txt.'),
        )
