"""Use cases of what is brought into SelectLine: made, frozen, sent exactly once, followed, taken back."""
