"""Reads and translates closings by column; what deviates is left to the translation by row, which tells it."""
