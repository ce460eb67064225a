"""Reads and describes the commands that the sandbox accepts beside CloudKasse's contract (sent: remote_control.py)."""

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from cloudkasse_etl.sandbox.cloud import validation
from cloudkasse_etl.sandbox.cloud.validation import RequestProblem
from cloudkasse_etl.sandbox.dependencies import Request

MAX_BODY_BYTES = 10_000

Order = TypeVar("Order", bound=BaseModel)


def describe_order(model: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of an order's body and token."""
    body = {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}
    return {"requestBody": body, "security": [{"bearer": []}]}


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Read a JSON body up to a maximal size."""
    validation.check_content_type(request.headers.get("content-type", ""))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise RequestProblem(413, "body_too_large", f"A body holds at most {most_bytes} bytes.")
    return bytes(body)


async def read_order(request: Request, model: type[Order]) -> Order:
    """Read an order.

    Raises:
        RequestProblem: The body is too large, not JSON, or does not fit the model.
    """
    body = await read_body(request, MAX_BODY_BYTES)
    try:
        return model.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise RequestProblem(400, "malformed", f"The body is not JSON: {error.msg} at {error.pos}.") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = str(fault["loc"][0])[: validation.MAX_ECHO] if fault["loc"] else "the body"
        raise RequestProblem(400, "malformed", f"{place}: {fault['msg']}.") from error
