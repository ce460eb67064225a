"""From receipts to revenue postings: cases, VAT, accounts, and what a void takes back."""
