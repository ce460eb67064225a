"""Amounts of money, and quantities, as people read them."""


def euros(cents: int) -> str:
    """Cents as messages write them: `-1,234.50`. Pages and CSV files have the spelling of their language."""
    whole, part = divmod(abs(int(cents)), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{part:02d}"


def units(milli: int) -> str:
    """Thousandths as messages write them: `-1,234.500`."""
    whole, part = divmod(abs(int(milli)), 1000)
    return f"{'-' if milli < 0 else ''}{whole:,}.{part:03d}"
