"""Our own tables: their definition, how they are opened, and the meaning of their errors."""
