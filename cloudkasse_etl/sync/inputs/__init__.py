"""What a run reads, each once: the ERP and the settings as checked frames."""
