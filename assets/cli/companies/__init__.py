"""What commands on several companies of a chain have in common (docs/chains.md)."""
