"""The common parts of the ERP's database and our own."""
