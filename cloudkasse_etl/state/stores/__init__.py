"""What is kept of synchronisations, a store a subject."""
