"""What starts runs: jobs, schedules, sensors."""
