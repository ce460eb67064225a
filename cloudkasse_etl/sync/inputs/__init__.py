"""Inputs of a run, each read once: the ERP and the settings as checked frames."""
