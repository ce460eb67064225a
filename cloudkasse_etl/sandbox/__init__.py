"""The bundled CloudKasse: a server that implements the till contract, for tests, the demo and experiments.

It imports nothing of the package but its errors: the client is tested against it, and the two must not share a
mistake.
"""
