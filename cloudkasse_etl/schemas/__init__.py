"""Contracts of the frames, a file an entity and a class a stage, and `contract.check`, which applies them."""
