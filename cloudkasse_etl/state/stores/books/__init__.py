"""The stores of receipts, closings and bookings."""
