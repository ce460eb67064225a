"""Pure functions from frame to frame: gross prices, payloads, digests, and what receipts come to in the books. No I/O."""
