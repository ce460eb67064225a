"""Detects what has changed since the last run, so that a quiet run is cheap."""
