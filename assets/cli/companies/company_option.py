"""Options `--company` and `--all-companies` of all commands: which companies of a chain they are about.

A command knows one company, by the variable CLOUDKASSE_COMPANY; several are one call after another.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from assets.cli.click_messages import look_up_again
from assets.cli.output import collected_json, print_error, print_json, print_unforeseen, tell
from assets.instance.typed_commands import ABOUT_NONE
from cloudkasse_etl.config.settings_language import companies_folder, settings_path, written_language
from cloudkasse_etl.config.variables import COMPANY_VARIABLE
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import say

OF_ALL = frozenset({"check", "report", "status", "sync"})
"""Commands that have a way of their own for several companies, except with these options: each by itself then."""
_EACH_BY_ITSELF = ("here", "cloud")
_NAMES, _ALL, _ENTERED = (f"{__name__}.{name}" for name in ("names", "all", "entered"))
# The worst result of several comes first: wrong settings, failed, held, partly successful.
_WORST = (2, 20, 30, 10, 0)


def offer_companies(group: click.Group) -> None:
    """Adds the options to each command that is about a company, and to each below."""
    is_hidden = companies_folder(os.environ) is None  # a single shop has no use for them
    for top in group.commands.values():
        if top.name not in ABOUT_NONE:
            for command in _commands(top):
                command.params += _options(is_hidden=is_hidden)
                command.callback = _for_each(command.callback or (lambda: None), has_own_way=top.name in OF_ALL)


def chosen(context: click.Context) -> tuple[str, ...] | None:
    """The companies that were chosen on the command line; None in a single shop.

    Raises:
        ConfigurationError: There is no such company, or none was chosen.
    """
    names, every = context.meta.get(_NAMES, ()), context.meta.get(_ALL, False)
    if companies_folder(os.environ) is None:
        if names or every:
            raise click.UsageError(
                say("There are no companies to choose from: CLOUDKASSE_COMPANIES is not set.").render(_language()),
                context,
            )
        return None
    from cloudkasse_etl.config.companies.company_files import company_files
    from cloudkasse_etl.config.companies.installation import unknown_company

    folder = companies_folder(os.environ)
    assert folder is not None  # noqa: S101 - asked above
    known = company_files(folder)
    if every:
        return tuple(known)
    wanted = tuple(dict.fromkeys(names or filter(None, [os.environ.get(COMPANY_VARIABLE)])))
    for name in wanted or (None,):
        if name not in known:
            raise unknown_company(name, known)
    return wanted


@contextmanager
def about(company: str | None) -> Iterator[None]:
    """Within the block, commands are about a company; None: about the single shop."""
    if company is None:
        yield
        return
    before = os.environ.get(COMPANY_VARIABLE)
    os.environ[COMPANY_VARIABLE] = company
    look_up_again()
    try:
        yield
    finally:
        if before is None:
            del os.environ[COMPANY_VARIABLE]
        else:
            os.environ[COMPANY_VARIABLE] = before
        look_up_again()


def worst_of(codes: Sequence[int]) -> int:
    """The exit code of several calls: that of the worst."""
    return min(codes, key=lambda code: _WORST.index(code) if code in _WORST else -1, default=0)


def _for_each(callback: Callable[..., Any], *, has_own_way: bool) -> Callable[..., Any]:
    """A command that is called for each chosen company."""

    @wraps(callback)
    def called(*args: Any, **options: Any) -> Any:
        context = click.get_current_context()
        if context.invoked_subcommand is not None or context.meta.get(_ENTERED):
            return callback(*args, **options)
        companies = chosen(context)
        context.meta[_ENTERED] = True
        if companies is None:
            return callback(*args, **options)
        if len(companies) == 1:
            with about(companies[0]):
                return callback(*args, **options)
        if has_own_way and not any(options.get(name) for name in _EACH_BY_ITSELF):
            return callback(*args, **options)
        return _each(companies, lambda: callback(*args, **options), as_json=bool(options.get("as_json")))

    return called


def _each(companies: Sequence[str], call: Callable[[], Any], *, as_json: bool) -> int:
    """Calls a command for several companies, and goes on where one of them fails."""
    codes, found = [], {}
    for company in companies:
        with about(company), collected_json() as printed:
            if not as_json:
                tell(f"── {company} ──")
            try:
                code = call()
            except CloudkasseError as error:
                code = print_error(
                    error.message, hint=error.hint, exit_code=error.exit_code, as_json=as_json, language=_language()
                )
            except Exception as error:  # noqa: BLE001 -- a fault at one company must not leave out the others
                code = print_unforeseen(error, as_json=as_json, language=_language())
        codes.append(code if isinstance(code, int) else 0)
        found[company] = printed[-1] if printed else None
    if as_json:
        print_json({"companies": found})
    return worst_of(codes)


def _commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _commands(below)


def _language() -> Any:
    return written_language(settings_path())


def _remember_names(context: click.Context, _: click.Parameter, names: tuple[str, ...]) -> None:
    if names:
        context.meta[_NAMES] = names


def _remember_all(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        context.meta[_ALL] = True


def _options(*, is_hidden: bool) -> list[click.Parameter]:
    return [
        click.Option(
            ["--company"],
            multiple=True,
            metavar="NAME",
            expose_value=False,
            callback=_remember_names,
            hidden=is_hidden,
            help="In a chain: the company; may be given several times.",
        ),
        click.Option(
            ["--all-companies"],
            is_flag=True,
            expose_value=False,
            callback=_remember_all,
            hidden=is_hidden,
            help="In a chain: all companies, one after another.",
        ),
    ]
