"""Texts for people: sentences in the language of the settings, and that language's formats of numbers and dates."""
