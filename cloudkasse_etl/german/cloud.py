"""German: CloudKasse and alerts."""

TEXTS: dict[str, str] = {}
