"""Beginning and end of a command's process. Interrupts are handled before the slow imports, and until the very end."""

import sys

try:
    import gc
    from collections.abc import Sequence

    from assets.instance import interrupts
except KeyboardInterrupt:  # before the first handler is in place
    sys.exit(20)

_JSON = '{"error": "Interrupted.", "hint": null, "exit_code": %d}\n'


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process with its exit code."""
    # Imported objects stay: visiting them again and again took the garbage collector a seventh of a quiet sync.
    gc.set_threshold(50_000, 20, 50)
    words = sys.argv[1:] if arguments is None else list(arguments)
    interrupts.end_at_once(printed=_JSON % interrupts.EXIT_CODE if "--json" in words else "")
    from assets.cli.group import run

    code = run(words)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    interrupts.end_at_once(code)
    interrupts.end(code)
