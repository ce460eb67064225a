"""What a day's sheet reads of a register: receipts and closings, and what of them was booked, delivered, exported."""
