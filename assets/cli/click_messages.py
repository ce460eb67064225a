"""What click itself says (wrong use, headings of the help), in the settings' language. Our own words: where they arise.

click looks its sentences up by gettext, in files that a program has to have compiled. Here its modules ask our
catalogues instead, where click's sentences have a context of their own.
"""

import sys
from functools import cache
from pathlib import Path

import click

from cloudkasse_etl.i18n.messages import Language, translated, translated_count

CONTEXT = "click"


def from_click(one: str, many: str = "") -> tuple[str, str]:
    """Marks a sentence of click for the catalogues: what a person can meet in our commands."""
    return one, many


SAID = (
    from_click("Usage:"),
    from_click("Options"),
    from_click("Commands"),
    from_click("Positional arguments"),
    from_click("required"),
    from_click("default: {default}"),
    from_click("(dynamic)"),
    from_click("Show this message and exit."),
    from_click("Show the version and exit."),
    from_click("Missing command."),
    from_click("Missing argument"),
    from_click("Missing option"),
    from_click("Missing parameter"),
    from_click("Missing parameter: {param_name}"),
    from_click("Missing {param_type}"),
    from_click("No such command {name!r}."),
    from_click("No such option {name!r}."),
    from_click("Invalid value: {message}"),
    from_click("Invalid value for {param_hint}: {message}"),
    from_click("Option {name!r} does not take a value."),
    from_click("Argument {name!r} takes {nargs} values."),
    from_click("Choose from:\n\t{choices}"),
    from_click("{value!r} is not a valid {number_type}."),
    from_click("{value} is not in the range {range}."),
    from_click("{name} {filename!r} is a file."),
    from_click("{name} {filename!r} is a directory."),
    from_click("{name} {filename!r} is not readable."),
    from_click("{name} {filename!r} is not writable."),
    from_click("{name} {filename!r} is not executable."),
    from_click("{name} {filename!r} does not exist."),
    from_click("integer"),
    from_click("integer range"),
    from_click("file"),
    from_click("directory"),
    from_click("Could not open file {filename!r}: {message}"),
    from_click("unknown error"),
    from_click("Error: invalid input"),
    from_click("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    from_click("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    from_click("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    from_click("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    from_click("{value!r} does not match the format {format}.", "{value!r} does not match the formats {formats}."),
    from_click("Takes {nargs} values but 1 was given.", "Takes {nargs} values but {len} were given."),
)


_settings: list[Path] = []


def translate_click(settings: Path | None = None) -> None:
    """Makes click speak the settings' language from now on; which that is, is looked up when it first says anything.

    Args:
        settings: The settings file, if it is another one than the environment names: that of the demo.
    """
    look_up_again(settings)
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{click.__name__}."):
            for function, ours in (("_", _translated), ("ngettext", _counted)):
                if hasattr(module, function):
                    setattr(module, function, ours)


def look_up_again(settings: Path | None = None) -> None:
    """Lets the language be looked up when it is asked for next, in a settings file or in that of the environment."""
    _settings[:] = [] if settings is None else [settings]
    language.cache_clear()


@cache
def language() -> Language:
    """The language of the settings, of which no more is read than that."""
    from cloudkasse_etl.config.settings_language import settings_path, written_language

    return written_language(_settings[0] if _settings else settings_path())


class _Sentence(str):
    """A sentence that click fills; the name of a type among its values is translated too."""

    def format(self, *values: object, **named: object) -> str:
        """The sentence with its values."""
        if "number_type" in named:
            named["number_type"] = translated(str(named["number_type"]), language(), CONTEXT)
        return str(self).format(*values, **named)


def _translated(text: str) -> str:
    return _Sentence(translated(text, language(), CONTEXT))


def _counted(one: str, many: str, count: int) -> str:
    return translated_count(one, many, count, language(), CONTEXT)
