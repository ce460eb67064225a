"""Amounts of money as people read them."""


def euros(cents: int) -> str:
    """Cents as messages write them: `-1,234.50`. Pages and CSV files have the spelling of their language."""
    whole, part = divmod(abs(int(cents)), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{part:02d}"
