"""The migrations of our tables, one file a step; applied by `migrate` when a program starts."""
