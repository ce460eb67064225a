"""The page to look at: one self-contained HTML file about a run and what was sold up to it."""
