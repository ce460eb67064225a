"""Option `--demo` of all commands: they work on the demo's shop.

Its CloudKasse and its SelectLine answer for as long as those take that ask them; all others work while another
program uses their ports, too.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from assets.cli.click_messages import language
from assets.instance import typed_commands
from cloudkasse_etl.i18n.text import say

if TYPE_CHECKING:
    from assets.cli.demo.demo_shop import Demo

OPTION = "--demo"
ASKING_CLOUDKASSE = frozenset({"sync", "plan", "check", "sandbox"})  # `ui` has its own option, and serves it
ASKING_SELECTLINE = frozenset({"deliver", "deliveries", "retract", "check", "sandbox", "misbehave"})
IMPORTING = frozenset({"sync", "import"})  # they deliver too, where the settings say so
_WANTED, _ENTERED = f"{__name__}.wanted", f"{__name__}.entered"


def offer_demo(group: click.Group) -> None:
    """Adds the option to each command that has none of its own, and to each below; `demo` itself has no need of it."""
    for top in group.commands.values():
        for command in _commands(top):
            if command.name != "demo" and not any(OPTION in param.opts for param in command.params):
                command.params.append(_DEMO)
                asks = {
                    "cloud": top.name in ASKING_CLOUDKASSE,
                    "selectline": None if top.name in IMPORTING else command.name in ASKING_SELECTLINE,
                }
                command.callback = _within_the_demo(command.callback or (lambda: None), asks)


def entered(context: click.Context) -> "Demo | None":
    """The demo that the command works on; None if it works on a shop of one's own."""
    found: Demo | None = context.meta.get(_ENTERED)
    return found


def refuse_beside_demo(context: click.Context, *names: str) -> None:
    """Fails if an option was given whose value the demo brings along.

    Raises:
        click.UsageError: One of the parameters stands on the command line.
    """
    for name in names:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            text = say("{option} and --demo do not go together: the demo has its own.", option=f"--{name}")
            raise click.UsageError(text.render(language()), context)


def _commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _commands(below)


def _remember(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        context.meta[_WANTED] = True


_DEMO = click.Option(
    [OPTION],
    is_flag=True,
    expose_value=False,
    callback=_remember,
    help="Work on the demo's shop, with its CloudKasse and SelectLine; it is made first if there is none.",
)


def _within_the_demo(callback: Callable[..., Any], asks: Mapping[str, bool | None]) -> Callable[..., Any]:
    """A command that enters the demo once all of its options are valid; it is left when all below it have ended."""

    @wraps(callback)
    def called(*args: Any, **options: Any) -> Any:
        context = click.get_current_context()
        if context.meta.get(_WANTED) and _ENTERED not in context.meta:
            context.meta[_ENTERED] = context.with_resource(_demo(asks))
        return callback(*args, **options)

    return called


@contextmanager
def _demo(asks: Mapping[str, Any]) -> "Iterator[Demo]":
    from assets.cli.demo.demo_shop import FOLDER, find_demo
    from assets.cli.demo.demo_tour import made_quietly

    demo = find_demo(FOLDER) or made_quietly(FOLDER)
    with demo.running(**asks):
        typed_commands.tell_with_demo(is_demo=True)
        yield demo
