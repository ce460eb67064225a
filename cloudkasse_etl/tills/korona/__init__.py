"""KORONA.cloud, a till with an API: its own form of records and receipts, and ours."""
