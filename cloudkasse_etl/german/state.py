"""German: our own tables, the lease and files."""

TEXTS: dict[str, str] = {}
