"""The ERP, read only: SelectLine's tables as frames with English columns. It judges no rows; the contracts do."""
