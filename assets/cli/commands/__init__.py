"""The commands, one file each; output.py prints for them, running.py runs synchronisations.

Imports of Dagster, pandas and rich stay inside the functions: `--help` and `protocol` must answer at once.
"""
