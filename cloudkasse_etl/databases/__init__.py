"""What the ERP's database and our own have in common."""
