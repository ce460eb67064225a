"""Pure functions from frame to frame: decimals, VAT, gross prices, payloads, digests. No I/O."""
