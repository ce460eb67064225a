"""HTTP, whoever is spoken to: one request with its retries, time limits and secrets. No system's own words."""
