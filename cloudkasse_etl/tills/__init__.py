"""Access to tills, one package for each kind."""
