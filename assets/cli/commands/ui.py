"""`ui`: starts Dagster's web interface and daemon, and ends them with all their children."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assets.cli import option_types
from assets.cli.demo.demo_shop import FOLDER
from assets.instance import interrupts, typed_commands
from assets.instance.home import PAGES_VARIABLE, Home, find_home, open_instance
from cloudkasse_etl.config.code_path import foreign_package, foreign_text
from cloudkasse_etl.config.settings_language import companies_folder
from cloudkasse_etl.entities import ACTION_NEEDED, COMPANIES
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Language, say

if TYPE_CHECKING:
    import psutil

    from cloudkasse_etl.config.companies.installation import Installation

HOST = "127.0.0.1"
STOP_SECONDS = 20
CLOSE_SECONDS = 2
FAILED = 20
# How a line of Dagster's begins: when, who, how bad, and in a run its job and id. What follows without belongs to it.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SAID = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9]{4} - [^ ]+ - [A-Z]+ - "
    r"(?P<run>[^ ]+ - [0-9a-f]{8}(-[0-9a-f]{4}){3}-)?"
)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI.")
@click.option(
    "--pages-port", type=click.IntRange(1, 65535), help="Port of the runs' pages and protocols.  [default: --port + 1]"
)
@click.option("--demo", "is_demo", is_flag=True, help="Show the demo's shop; it is made first if there is none.")
@click.option("--folder", type=option_types.FOLDER, default=FOLDER, help="The demo's folder.")
def ui(port: int, pages_port: int | None, is_demo: bool, folder: Path) -> int:
    """Open the Dagster UI on this computer: the graph, all runs, the failures. Ctrl-C ends it.

    Runs that are started there, or by a schedule, need it to go on running.
    """
    from assets.cli.demo.demo_server import is_free
    from cloudkasse_etl.config.companies.installation import Installation
    from cloudkasse_etl.config.loading import load_installation

    _require_own_code(Path.cwd())
    if not is_free(port):
        raise _in_use(port)
    if is_demo:
        from assets.cli.demo.demo_tour import demo_or_new

        with demo_or_new(folder).running() as (configuration, home):
            # other commands take no folder
            typed_commands.tell_with_demo(is_demo=folder.absolute() == FOLDER.absolute())
            return _with_pages(Installation.of(configuration), home, port, pages_port)
    # With broken settings there would be no asset, no job and no schedule in it, and Dagster's stack traces here. Once
    # it is open, broken settings keep what was loaded before, and a reload heals them.
    installation, home = load_installation(), find_home()
    return _with_pages(installation, home, port, pages_port)


def _with_pages(installation: "Installation", home: Home, port: int, pages_port: int | None) -> int:
    """Serves the UI, and the pages and protocols beside it; without them where the port beside it is taken."""
    from assets.cli.run_pages import served
    from assets.instance.pages_address import noted

    language, beside = installation.shared.language, pages_port or port + 1
    with ExitStack() as opened:
        pages = None
        try:
            pages = opened.enter_context(served(installation, home, beside))
        except (OSError, OverflowError):
            if pages_port is not None:
                raise _in_use(pages_port, "--pages-port") from None
            text = say(
                "Port {port} is in use: pages and protocols of runs are not served. Name another with --pages-port.",
                port=beside,
            )
            click.echo(text.render(language), err=True)
        else:
            opened.enter_context(noted(home.storage, pages))
        return _serve(home, port, language, pages, opened)


def _require_own_code(folder: Path) -> None:
    """Fails where Dagster would load another package's code: it looks in the current folder before all others."""
    place = foreign_package(folder)
    if place is not None:
        raise ConfigurationError(foreign_text(place), hint=say("Call it from another folder."))


def _serve(home: Home, port: int, language: Language, pages: str | None, opened: ExitStack) -> int:
    """Runs `dagster dev` until it ends or a signal stops it; ends all of its processes.

    Args:
        home: Dagster's folders.
        port: The port of the UI.
        language: The language of what is printed.
        pages: The address of pages and protocols; None where they are not served.
        opened: What serves them; it is closed first.

    Returns:
        The exit code.
    """
    with open_instance(home):
        pass  # a first start makes the history's tables here, before Dagster's processes all try to
    url = f"http://{HOST}:{port}"
    click.echo(say("Starting …").render(language))
    command = ["dagster", "dev", "--workspace", str(home.workspace), "--host", HOST, "--port", str(port)]
    # it says itself that one should use `dg dev`, which does not take a workspace
    quiet = ["-W", "ignore:Function `dev_command` is superseded", "-m"]
    with _child([sys.executable, *quiet, *command, "--log-level", "error"], pages) as process:
        try:
            announced = False
            while process.poll() is None:
                if not announced and is_foreign(port, process.pid):
                    # taken since it was looked at; Dagster would stand there for ever, and this is another's page
                    raise _in_use(port)
                if not announced and _answers(f"{url}/server_info"):
                    click.echo(say("The UI is at {url} - Ctrl-C ends it.", url=url).render(language))
                    page = f"{url}/assets/{ACTION_NEEDED if companies_folder(os.environ) is None else COMPANIES}"
                    click.echo(say("What is open today: {url}", url=page).render(language))
                    announced = True
                time.sleep(0.5)
        except KeyboardInterrupt:
            click.echo(say("Ending …").render(language))
            opened.close()
            return 0
    click.secho(say("Dagster ended by itself; what it said stands above.").render(language), fg="red", err=True)
    return FAILED


def _in_use(port: int, option: str = "--port") -> ConfigurationError:
    return ConfigurationError(
        say("Port {port} is in use.", port=port),
        hint=say("Name another one with {option}, or end what runs there.", option=option),
    )


@contextmanager
def _child(command: Sequence[str], pages: str | None) -> "Iterator[subprocess.Popen[bytes]]":
    """A child in a process group of its own, which ends with all its own children when the block does.

    Ctrl-C in a terminal goes to a whole group at once: in ours it would hit Dagster's five processes at the same
    time, each of which would then wait for, or complain about, the others.
    """
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, PAGES_VARIABLE: pages or ""},
        **group,
    )
    # the terminal was closed; not so under nohup
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    ending = threading.Event()
    telling = threading.Thread(target=_pass_on, args=(process, ending), daemon=True)
    telling.start()
    try:
        yield process
        if process.poll() is not None:
            telling.join(timeout=1)  # its last words say why; a child of its own may hold the pipe open
    finally:
        ending.set()
        with interrupts.ignored():  # a second Ctrl-C must not leave children behind
            _stop(process)


def _pass_on(process: "subprocess.Popen[bytes]", ending: threading.Event) -> None:
    """Passes Dagster's own output on to standard error, except while it is being ended."""
    lines = (line.decode(errors="replace") for line in process.stdout or ())
    for line in without_runs(lines):
        if not ending.is_set():
            sys.stderr.write(line)
            sys.stderr.flush()


def without_runs(lines: Iterable[str]) -> Iterator[str]:
    """Leaves out the output of runs, with stack traces and whole plans: their own logs have it.

    Runs of single assets have no config in which a console logger could be named, so Dagster prints all they say.
    """
    is_of_a_run = False
    for line in lines:
        if begun := _SAID.match(_COLOUR.sub("", line)):
            is_of_a_run = begun["run"] is not None
        if not is_of_a_run:
            yield line


def _stop(process: "subprocess.Popen[bytes]") -> None:
    import psutil

    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if process.poll() is None:
        if sys.platform == "win32":
            process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            process.terminate()  # Dagster takes it as Ctrl-C, and before it can it ends without a traceback
        # Dagster ends its processes one after the other, on a busy computer some seconds each: nobody may still be
        # answered by one that is ending. It keeps nothing that would be lost.
        _end(filter(_is_webserver, family), CLOSE_SECONDS)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    # What is left now is a run that was going on: it is told to stop, so that it can say so in the history.
    _, alive = psutil.wait_procs(family, timeout=1)
    _end(alive, STOP_SECONDS)
    process.kill()
    process.wait()


def _end(processes: "Iterable[psutil.Process]", seconds: float) -> None:
    """Asks processes to end, and kills those that have not after some seconds."""
    import psutil

    asked = list(processes)
    for one in asked:
        with suppress(psutil.NoSuchProcess):
            one.terminate()
    _, alive = psutil.wait_procs(asked, timeout=seconds)
    for one in alive:
        with suppress(psutil.NoSuchProcess):
            one.kill()


def _is_webserver(process: "psutil.Process") -> bool:
    import psutil

    try:
        return "dagster_webserver" in process.cmdline()
    except psutil.Error:  # it has ended
        return False


def is_foreign(port: int, pid: int) -> bool:
    """Whether a port is in use by a process other than process `pid` and its children."""
    import socket

    import psutil

    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        listening = {
            connection.laddr.port
            for process in family
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    except psutil.Error:  # it is ending, or this system does not tell
        return False
    return port not in listening


def _answers(url: str) -> bool:
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=2):
            return True
    except OSError:
        return False
