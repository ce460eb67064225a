"""Pages that are a title, notes and tables: one form of them for whatever has such a page."""
