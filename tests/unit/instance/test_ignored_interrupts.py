"""Protects the end of a command: while it cleans up, no further interrupt can leave its children behind."""

import signal

import pytest

from assets.instance import interrupts

NUMBERS = [signal.SIGINT, signal.SIGTERM, *([] if not hasattr(signal, "SIGHUP") else [signal.SIGHUP])]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupt_while_a_command_cleans_up_does_nothing_and_the_next_counts_again(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    signal.signal(number, signal.default_int_handler)
    try:
        with interrupts.ignored():
            signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    finally:
        signal.signal(number, before)
