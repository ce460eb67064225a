"""How things look in the Dagster UI: metadata, tables, columns, languages."""
