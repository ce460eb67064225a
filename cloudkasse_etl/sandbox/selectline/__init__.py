"""The sandbox's ERP: a made-up shop in SelectLine's tables."""
