"""Refused records: what one is, what its code says, and which of them have one cause."""
