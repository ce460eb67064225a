"""How assets are shown in the Dagster UI: metadata, tables, columns, languages."""
