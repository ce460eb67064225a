"""German: the ERP."""

TEXTS: dict[str, str] = {}
