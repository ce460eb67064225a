"""What is brought into the ERP: deliveries with the receipts that each covers, and what is still to be delivered."""
