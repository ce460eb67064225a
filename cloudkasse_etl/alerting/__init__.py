"""Alerts: their text, and their delivery by e-mail and webhook. When one is due: sync/monitoring/alerts.py."""
