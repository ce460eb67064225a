"""One run: its session, its report, and its protocol."""
