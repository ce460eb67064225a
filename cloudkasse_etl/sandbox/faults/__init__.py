"""Faults that the sandbox injects on request: which there are, and how each looks on the wire."""
