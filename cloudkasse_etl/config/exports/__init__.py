"""Settings of what is handed to people with programs of their own: one file a program."""
