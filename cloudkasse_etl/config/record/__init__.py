"""What of the settings is kept on record."""
