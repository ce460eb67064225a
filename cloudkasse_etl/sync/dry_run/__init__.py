"""Dry runs: what a synchronisation would do, found out by running the use cases themselves."""
