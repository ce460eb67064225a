"""German: what a run came to."""

TEXTS: dict[str, str] = {}
