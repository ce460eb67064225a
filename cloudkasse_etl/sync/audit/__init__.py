"""The audit: compares the legal record of the registers with what was staged and booked."""
