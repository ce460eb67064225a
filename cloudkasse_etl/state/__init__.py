"""Our own tables: synchronised records, open rejections, unanswered requests, checkpoints, receipts and the lease."""
