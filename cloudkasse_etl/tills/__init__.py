"""The tills' side, a package a kind of till."""
