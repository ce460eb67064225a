"""Our own tables: synchronised records, open rejections, unanswered attempts, levels and the lease. No ERP tables."""
