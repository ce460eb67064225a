"""Looks over all companies of a chain: how they are, what is wrong with them, and what is alerted."""
