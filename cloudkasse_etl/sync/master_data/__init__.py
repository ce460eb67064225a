"""Master data on its way up: read, computed, compared with what the cloud accepted, sent."""
