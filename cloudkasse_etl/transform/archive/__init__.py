"""An archive's tables, their records as CSV, and the index.xml by which auditors' programs read them. Pure."""
