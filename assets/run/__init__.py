"""Dagster resources of a run, and the translation of its failures."""
