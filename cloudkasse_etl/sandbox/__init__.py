"""The bundled CloudKasse: a server that keeps the contract, for tests, the demo and trying things out.

It knows nothing of the rest of the package but its errors: the client is tested against it, and the two must not
share a mistake.
"""
