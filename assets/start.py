"""Where a command's process begins and ends. Interrupts are heard before the slow imports, and until the very end."""

import sys

try:
    from collections.abc import Sequence

    from assets import interrupts
except KeyboardInterrupt:  # before the first handler is in place
    sys.exit(20)

_JSON = '{"error": "Interrupted.", "hint": null, "exit_code": %d}\n'


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process with its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    interrupts.end_at_once(printed=_JSON % interrupts.EXIT_CODE if "--json" in words else "")
    from assets.cli import run

    code = run(words)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    interrupts.end_at_once(code)
    sys.exit(code)
