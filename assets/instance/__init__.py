"""All that touches Dagster's inside: its instance, its storage, its runs and their tags."""
