"""Archives of what has to be kept: written once, whole or not at all, and checked at any time."""
