"""Receipts and closings from the till: fetched, checked, staged, decided about by people, booked."""
