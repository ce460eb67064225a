"""Contracts (schemas) of the frames: one file an entity, one class a stage; `contract.check` applies them."""
