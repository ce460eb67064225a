"""The settings file and the environment, checked and typed. Nothing else reads them."""
