"""The stores as a dry run has them: everything is read, nothing is written."""
