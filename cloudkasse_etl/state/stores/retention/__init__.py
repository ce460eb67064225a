"""What has to be kept for ten years: reading all of it for an archive, and which runs lead to it."""
