"""Outputs for people and other systems: the page of a run, turnover, exports."""
