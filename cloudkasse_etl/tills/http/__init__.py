"""HTTP as any till is spoken to: one request with its retries, time limits and secrets. No till's own words."""
