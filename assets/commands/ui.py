"""`ui`: Dagster's web interface and daemon, started as they should be and ended with all their children."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from assets.demo import FOLDER
from assets.home import Home, find_home, open_instance
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.wording import Language, say

HOST = "127.0.0.1"
STOP_SECONDS = 20
FAILED = 20


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI.")
@click.option("--demo", "is_demo", is_flag=True, help="Show the demo's shop; it is made first if there is none.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, help="The demo's folder.")
def ui(port: int, is_demo: bool, folder: Path) -> int:
    """Open the Dagster UI on this computer: the graph, all runs, the failures. Ctrl-C ends it.

    Runs that are started there, or by a schedule, need it to go on running.
    """
    from assets.demo import is_free
    from cloudkasse_etl.settings import load

    if not is_free(port):
        raise ConfigurationError(
            say("Port {port} is in use.", port=port), hint=say("Name another one with --port, or end what runs there.")
        )
    if is_demo:
        from assets.commands.demo import demo_or_new

        with demo_or_new(folder).running() as (configuration, home):
            return _serve(home, port, configuration.settings.language)
    # With broken settings there would be no asset, no job and no schedule in it, and Dagster's stack traces here. Once
    # it is open, broken settings keep what was loaded before, and a reload heals them.
    configuration, home = load(), find_home()
    return _serve(home, port, configuration.settings.language)


def _serve(home: Home, port: int, language: Language) -> int:
    """Runs `dagster dev` until it ends or we are told to stop; then nothing of it is left."""
    with open_instance(home):
        pass  # a first start makes the history's tables here, before Dagster's processes all try to
    url = f"http://{HOST}:{port}"
    click.echo(say("Starting …").told(language))
    command = ["dagster", "dev", "--workspace", str(home.workspace), "--host", HOST, "--port", str(port)]
    # it says itself that one should use `dg dev`, which does not take a workspace
    quiet = ["-W", "ignore:Function `dev_command` is superseded", "-m"]
    with _child([sys.executable, *quiet, *command, "--log-level", "error"]) as process:
        try:
            announced = False
            while process.poll() is None:
                if not announced and _answers(f"{url}/server_info"):
                    click.echo(say("The UI is at {url} - Ctrl-C ends it.", url=url).told(language))
                    announced = True
                time.sleep(0.5)
        except KeyboardInterrupt:
            click.echo(say("Ending …").told(language))
            return 0
    click.secho(say("Dagster ended by itself; what it said stands above.").told(language), fg="red", err=True)
    return FAILED


@contextmanager
def _child(command: Sequence[str]) -> "Iterator[subprocess.Popen[bytes]]":
    """A child in a process group of its own, which ends with all its own children when the block does.

    Ctrl-C in a terminal goes to a whole group at once: in ours it would hit Dagster's five processes at the same
    time, each of which would then wait for, or complain about, the others.
    """
    if sys.platform == "win32":
        process = subprocess.Popen(command, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
    else:
        process = subprocess.Popen(command, start_new_session=True)
        if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # the terminal was closed; not so under nohup
            signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        yield process
    finally:
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave children behind
        _stop(process)
        signal.signal(signal.SIGINT, former)


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
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    # What is left now is a run that was going on: it is told to stop, so that it can say so in the history.
    _, alive = psutil.wait_procs(family, timeout=1)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(alive, timeout=STOP_SECONDS)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.kill()
    process.wait()


def _answers(url: str) -> bool:
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=2):
            return True
    except OSError:
        return False
