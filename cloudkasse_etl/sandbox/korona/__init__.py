"""The sandbox's shop behind the API of KORONA.cloud: the same sales and records, in its form (docs/korona.md)."""
