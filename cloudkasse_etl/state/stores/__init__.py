"""The stores of our own tables, one for each subject."""
