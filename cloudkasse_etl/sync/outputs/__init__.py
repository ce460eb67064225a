"""What others read: the page of a run, turnover, exports."""
