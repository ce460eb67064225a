"""From postings to DATEV's batches (EXTF Buchungsstapel): rows, files and what cannot be carried. Pure."""
