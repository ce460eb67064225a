"""The sums of one business day of a register, from its receipts as they came. No postings, no words."""
