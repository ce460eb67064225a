"""Reads and validates the settings file and the environment. Nothing else reads them."""
