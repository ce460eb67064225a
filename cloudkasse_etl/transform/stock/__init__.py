"""From receipts to stock movements: units, trade sets, and lines that come late."""
