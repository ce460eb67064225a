"""Alerts: what they say, and how they get there by e-mail and webhook. When one is due: sync/monitoring/alerts.py."""
