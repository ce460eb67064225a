"""Checks between runs: new data, alerts, long waits, missing records, wrong set-up."""
