"""Tests with all of it: the UI, its daemon, a browser, the commands. The UI that some share ends with this package."""
