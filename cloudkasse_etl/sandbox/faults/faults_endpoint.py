"""/sandbox/faults: sets the faults to inject, and reports those injected so far. Only the sandbox has this endpoint."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.cloud.answers import FaultsNow
from cloudkasse_etl.sandbox.cloud.orders import describe_order, read_order
from cloudkasse_etl.sandbox.cloud.remote_control import no_sandbox, send_order
from cloudkasse_etl.sandbox.cloud.validation import RequestProblem
from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.faults.cloud_faults import CLOUD_FAULTS
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.faults.fault_kinds import FaultKinds
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan

FAULTS_PATH = "/sandbox/faults"
TIMEOUT_SECONDS = 10.0

Endpoint = Callable[[Request], Awaitable[Response]]
Route = tuple[str, Endpoint, Any, str, str, set[int]]


class FaultOrder(BaseModel):
    """The faults to inject."""

    model_config = ConfigDict(strict=True, extra="forbid")

    faults: str = Field(max_length=2000, description='"all:0.2,seed=7", "cut_body:0.05", or "off"')


def routes(control: Control) -> list[tuple[Route, dict[str, Any]]]:
    """Return path, endpoint, model of the answer, name, summary, refusals, and additions to the OpenAPI document."""
    summary = "Sandbox only: what goes wrong at present, and what went wrong so far"
    asked = "Sandbox only: let requests go wrong"
    return [
        ((FAULTS_PATH, _tell(control), FaultsNow, "faults", summary, {401, 503}), {"security": [{"bearer": []}]}),
        (
            (FAULTS_PATH, _take(control), FaultsNow, "misbehave", asked, {400, 401, 413, 503}),
            describe_order(FaultOrder),
        ),
    ]


def misbehave_remotely(url: str, token: str, faults: str, kinds: FaultKinds = CLOUD_FAULTS) -> dict[str, Any]:
    """Set the faults that a running sandbox injects, and return its state (the fields of `FaultsNow`).

    Args:
        url: Where it listens, such as "http://127.0.0.1:8090".
        token: Its bearer token.
        faults: As `FaultPlan.parse` reads it.
        kinds: The faults of that sandbox.

    Returns:
        The fields of `FaultsNow`.

    Raises:
        ConfigurationError: The faults cannot be read, nothing listens there, it is no sandbox, or the token is wrong.
    """
    FaultPlan.parse(faults, kinds)
    answer = send_order(url, FAULTS_PATH, token, {"faults": faults}, timeout=TIMEOUT_SECONDS)
    try:
        return FaultsNow.model_validate_json(answer.content).model_dump()
    except ValidationError:
        raise no_sandbox(answer, say("misbehaves on demand")) from None


def _tell(control: Control) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return _state(control)

    return endpoint


def _take(control: Control) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        control.set(_plan(await read_order(request, FaultOrder), control.plan.kinds))
        return _state(control)

    return endpoint


def _state(control: Control) -> Response:
    state = {"faults": str(control.plan), "done": dict(control.done)}
    return Response(orjson.dumps(state), media_type="application/json")


def _plan(order: FaultOrder, kinds: FaultKinds) -> FaultPlan:
    try:
        return FaultPlan.parse(order.faults, kinds)
    except ConfigurationError as error:
        raise RequestProblem(400, "malformed", str(error)) from error
