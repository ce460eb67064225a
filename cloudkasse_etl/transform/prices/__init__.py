"""From SelectLine's net prices to what a register shows, in cents."""
