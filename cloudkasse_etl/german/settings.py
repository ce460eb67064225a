"""German: settings and environment."""

TEXTS: dict[str, str] = {}
