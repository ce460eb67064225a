"""Checks of receipts that are not booked: how one is read, what refuses it, and which content of an id counts."""
