"""What a run of Dagster's holds, and how its failures are told."""
