"""What is brought into SelectLine of receipts that are booked. Pure; bringing it there: sync/deliveries."""
