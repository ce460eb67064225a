"""The Dagster code location and the command line: all that knows Dagster.

Empty on purpose: the command line imports from here, and importing Dagster takes a second.
"""
