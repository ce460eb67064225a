"""The commands, one file each; output.py is how they print, running.py how they synchronise.

Imports of Dagster, pandas and rich stay inside the functions: `--help` and `protocol` must answer at once.
"""
