"""The use case that writes DATEV's files and the page beside them. What a row says is decided in transform/datev/."""
