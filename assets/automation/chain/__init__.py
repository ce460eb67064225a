"""What starts and watches the runs of a chain: all companies at once, or in turn (docs/chains.md)."""
