"""Everything that depends on Dagster's internals, and only here: an upgrade of Dagster may break this room.

home: a command's instance, with a log manager of Dagster's own. runs: a job run in this process (private API).
history_connections: the storage's connections replaced during the run, and its migrations read once. retention: rows
removed from Dagster's tables by SQL. storage: Dagster's own error output suppressed. tags: names that Dagster reads.
interrupts: a process ended without Python's own shutdown. engines: launchers that answer for faults of other machines.
Every use that Dagster does not promise is named in tests/unit/instance/test_dagster_inside.py.
"""
