"""Upload of master data: read, computed, compared with what the cloud accepted, sent."""
