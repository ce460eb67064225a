"""The page of a chain: all companies on one sheet."""
