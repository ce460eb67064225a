"""The use cases: read, compute, upload, fetch and book. Each returns a frozen report."""
