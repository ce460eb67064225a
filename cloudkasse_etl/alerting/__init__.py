"""Alerts: what they say, and how they get there by e-mail and webhook. Whether one is due: sync/alerts.py."""
