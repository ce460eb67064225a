"""The HTML page of a run: one self-contained file about the run and the sales up to it."""
