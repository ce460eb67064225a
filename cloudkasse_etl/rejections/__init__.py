"""Rejected records: their data, the catalogue of codes, and their grouping by cause."""
