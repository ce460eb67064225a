"""The use cases: extract, compute, upload, and what a run comes to. Each returns a frozen report."""
