"""What SelectLine Auftrag does to its own books: the transfer buffer, documents with their revenue, and stock."""
