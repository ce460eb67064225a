"""Our own tables: what they are, how they are opened, and what their failures mean."""
