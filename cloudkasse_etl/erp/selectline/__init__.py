"""The ERP, read only: SelectLine's tables as frames with English columns. Rows are validated by the contracts only."""
