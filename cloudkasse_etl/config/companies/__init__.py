"""A chain: one installation that synchronises several companies, each with its settings file (docs/chains.md)."""
