"""The lease: one synchronisation of a company at a time."""
