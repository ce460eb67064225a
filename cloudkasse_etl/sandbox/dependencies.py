"""The packages that only the sandbox needs (extra `sandbox`), imported here alone: a shop with a cloud of its own does
without, and is told how to get them where it asks for the sandbox."""

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say

try:
    import uvicorn
    from fastapi import FastAPI, Request, Response
    from fastapi.openapi.utils import get_openapi
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import H11Protocol
except ModuleNotFoundError as error:
    raise ConfigurationError(
        say("The sandbox needs a package that is not installed: {name}.", name=error.name),
        hint=say("Install what it needs, in the project's folder: pip install -r requirements.txt"),
    ) from error

__all__ = [
    "ASGIApp",
    "ClientDisconnect",
    "FastAPI",
    "H11Protocol",
    "HTTPException",
    "Message",
    "Receive",
    "Request",
    "Response",
    "Scope",
    "Send",
    "get_openapi",
    "uvicorn",
]
