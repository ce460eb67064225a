"""/sandbox/faults: lets the sandbox misbehave, and tells what went wrong so far. Of the sandbox only."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import requests
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox import validation
from cloudkasse_etl.sandbox.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.misbehaviour import Control
from cloudkasse_etl.sandbox.models import FaultsNow
from cloudkasse_etl.sandbox.validation import RequestProblem

FAULTS_PATH = "/sandbox/faults"
MAX_BODY_BYTES = 10_000
TIMEOUT_SECONDS = 10.0

Endpoint = Callable[[Request], Awaitable[Response]]
Route = tuple[str, Endpoint, Any, str, str, set[int]]


class FaultOrder(BaseModel):
    """What shall go wrong."""

    model_config = ConfigDict(strict=True, extra="forbid")

    faults: str = Field(max_length=2000, description='"all:0.2,seed=7", "cut_body:0.05", or "off"')


def routes(control: Control) -> list[tuple[Route, dict[str, Any]]]:
    """Return path, endpoint, model of the answer, name, summary, refusals, and what the document says besides."""
    body = {"required": True, "content": {"application/json": {"schema": FaultOrder.model_json_schema()}}}
    told = "Sandbox only: what goes wrong at present, and what went wrong so far"
    asked = "Sandbox only: let requests go wrong"
    return [
        ((FAULTS_PATH, _tell(control), FaultsNow, "faults", told, {401, 503}), {"security": [{"bearer": []}]}),
        (
            (FAULTS_PATH, _take(control), FaultsNow, "misbehave", asked, {400, 401, 413, 503}),
            {"requestBody": body, "security": [{"bearer": []}]},
        ),
    ]


def misbehave_remotely(url: str, token: str, faults: str) -> dict[str, Any]:
    """Let a running sandbox misbehave, and return what it says of it (the fields of `FaultsNow`).

    Args:
        url: Where it listens, such as "http://127.0.0.1:8090".
        token: Its bearer token.
        faults: As `FaultPlan.parse` reads it.

    Raises:
        ConfigurationError: The faults cannot be read, nothing listens there, it is no sandbox, or the token is wrong.
    """
    FaultPlan.parse(faults)
    try:
        answer = requests.post(
            url.rstrip("/") + FAULTS_PATH,
            json={"faults": faults},
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # The library's own text repeats the URL, which may hold a password.
        raise ConfigurationError(
            f"The sandbox cannot be reached ({type(error).__name__}).",
            hint="Start it (cloudkasse-etl sandbox), and let CLOUDKASSE_API_URL name the address that it tells.",
        ) from error
    if answer.status_code == 401:
        raise ConfigurationError(
            "The sandbox does not accept the token.", hint="CLOUDKASSE_API_TOKEN must be the one it was started with."
        )
    try:
        return FaultsNow.model_validate_json(answer.content).model_dump()
    except ValidationError:
        raise ConfigurationError(
            f"What answers there is no sandbox of this release (status {answer.status_code}).",
            hint="Only the bundled CloudKasse misbehaves on demand; CLOUDKASSE_API_URL must name it.",
        ) from None


def _tell(control: Control) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return _state(control)

    return endpoint


def _take(control: Control) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        validation.check_content_type(request.headers.get("content-type", ""))
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise RequestProblem(413, "body_too_large", f"A body holds at most {MAX_BODY_BYTES} bytes.")
        control.set(_parse(bytes(body)))
        return _state(control)

    return endpoint


def _state(control: Control) -> Response:
    state = {"faults": str(control.plan), "done": dict(control.done)}
    return Response(orjson.dumps(state), media_type="application/json")


def _parse(body: bytes) -> FaultPlan:
    try:
        return FaultPlan.parse(FaultOrder.model_validate(orjson.loads(body)).faults)
    except orjson.JSONDecodeError as error:
        raise RequestProblem(400, "malformed", f"The body is not JSON: {error.msg} at {error.pos}.") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = str(fault["loc"][0])[: validation.MAX_ECHO] if fault["loc"] else "the body"
        raise RequestProblem(400, "malformed", f"{place}: {fault['msg']}.") from error
    except ConfigurationError as error:
        raise RequestProblem(400, "malformed", str(error)) from error
