"""The sandbox's ERP: a fictional shop in SelectLine's tables."""
