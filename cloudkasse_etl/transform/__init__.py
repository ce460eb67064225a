"""Pure functions from frame to frame: gross prices, payloads, digests, and what receipts make of the books. No I/O."""
