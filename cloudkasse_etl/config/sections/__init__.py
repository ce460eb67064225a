"""The sections of the settings file, a file each; settings.py puts them together."""
