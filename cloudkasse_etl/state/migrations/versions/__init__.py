"""The steps, oldest first. A landed step is never edited: a change is a further step."""
