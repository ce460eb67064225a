"""From SelectLine's net and gross prices to what a register shows, in cents."""
