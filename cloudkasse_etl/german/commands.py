"""German: commands."""

TEXTS: dict[str, str] = {}
