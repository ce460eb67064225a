"""What SelectLine's accounting keeps: accounts, tax codes, fiscal years, and batches of postings."""
