"""Receipts on their way down: fetched, checked, staged, decided about, booked."""
