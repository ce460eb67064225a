"""Commands on receipts, closings and what was booked of them."""
