"""Compares the cloud's actual records, one by one, with those that the ERP requires."""
