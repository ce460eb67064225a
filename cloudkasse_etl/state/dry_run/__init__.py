"""The stores of a dry run: everything is read, nothing is written."""
