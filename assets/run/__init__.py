"""What a run of Dagster's holds: its resources, and how it is interrupted."""
