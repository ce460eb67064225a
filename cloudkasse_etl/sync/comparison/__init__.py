"""What the cloud really holds, record by record, beside what the ERP wants."""
