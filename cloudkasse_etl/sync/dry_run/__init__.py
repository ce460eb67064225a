"""What a synchronisation would do, found by the use cases themselves."""
