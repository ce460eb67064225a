"""The demo: a made-up shop with its registers, the tour of it, and option `--demo`."""
