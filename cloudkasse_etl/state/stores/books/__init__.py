"""What is kept of receipts and of what was booked from them."""
