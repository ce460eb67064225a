"""What is brought into SelectLine's ledger: batches of postings, made, sent exactly once, followed, compared."""
