"""One run: its session, what it comes to, and its protocol."""
