"""The sandbox's registers: a simulated shop that sells, closes its days and delivers receipts and closings."""
