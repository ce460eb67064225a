"""Parts of the settings that have rules of their own, a file each; settings.py puts them together."""
