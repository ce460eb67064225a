"""All that touches Dagster's inside, and no other room does: what an upgrade of Dagster may break lies here.

home: the instance of a command, by a log manager of Dagster's own. runs: a job run in this process (private API), the
storage's connections replaced for as long as it runs. retention: rows removed from Dagster's tables by SQL. storage:
Dagster's own complaint kept from the screen. tags: names that Dagster reads. interrupts: a process ended without
Python's own end. Each thing that is not promised by Dagster is named in tests/unit/instance/test_dagster_inside.py.
"""
