"""SelectLine's own description of its Web API (Swagger 2.0), which lies beside the project as the real shop does.

It is data of somebody else, so it is no part of the project; without it the tests that need it skip.
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

DESCRIPTION = Path(__file__).resolve().parents[4] / "shared" / "counterparts" / "selectline_api_trimmed.json"
needs_description = pytest.mark.skipif(
    not DESCRIPTION.is_file(), reason="SelectLine's Swagger file is not here (shared/counterparts)"
)
DETAILS = "SelectLine.Erp.WebApi.Models.ApiResponse.ApiResponse"
METHODS = ("get", "post", "put", "delete")


@functools.cache
def described() -> dict[str, Any]:
    text = DESCRIPTION.read_text(encoding="utf-8")
    for name in sorted(json.loads(text)["definitions"], key=len, reverse=True):
        text = text.replace(name, name.replace("[", "(").replace("]", ")"))  # generics of .NET are no URIs
    found: dict[str, Any] = json.loads(text)
    # `object` is what the generator makes of .NET's type for anything: real answers hold a list of errors there
    del found["definitions"][DETAILS]["properties"]["Details"]["type"]
    return found


@functools.cache
def _validator(schema: str) -> jsonschema_rs.Draft4Validator:
    # times come without a zone, as .NET writes them, so `date-time` is not held to RFC 3339
    definitions = {"definitions": described()["definitions"]}
    return jsonschema_rs.Draft4Validator({**json.loads(schema), **definitions}, validate_formats=False)


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What of a value is not as a schema of the description says; a field that it does not know is a fault, too."""
    found = [f"{error.instance_path}: {error.message}" for error in _validator(json.dumps(schema)).iter_errors(value)]
    return found + list(_unknown(schema, value, "$"))


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """What the description says of a request; None where there is no such one. A literal path comes first."""
    parts = path.strip("/").split("/")
    fitting = []
    for template, methods in described()["paths"].items():
        names = template.strip("/").split("/")
        if len(names) == len(parts) and all(n.startswith("{") or n == p for n, p in zip(names, parts, strict=True)):
            fitting.append((template.count("{"), methods))
    # one path stands there twice, under two names of its parameter
    found = [
        methods[method.lower()] for _, methods in sorted(fitting, key=lambda one: one[0]) if method.lower() in methods
    ]
    return found[0] if found else None


def faults_of_request(method: str, path: str, query: dict[str, Any], body: Any) -> list[str]:
    """What of a request is not as the description says."""
    operation = operation_of(method, path)
    if operation is None:
        return [f"there is no {method} {path}"]
    known = {(one["in"], one["name"]): one for one in operation.get("parameters", ())}
    wrong = [f"{method} {path} has no parameter {name}" for name in query if ("query", name) not in known]
    expected = [one["schema"] for (place, _), one in known.items() if place == "body"]
    if body is not None and not expected:
        wrong.append(f"{method} {path} takes no body")
    return wrong + (faults(expected[0], body) if expected and body is not None else [])


def faults_of_answer(method: str, path: str, status: int, body: Any) -> list[str]:
    """What of an answer is not as the description says."""
    operation = operation_of(method, path)
    if operation is None or str(status) not in operation["responses"]:
        return [f"{method} {path} has no answer {status}"]
    if status == 204:  # some say `System.Void`, of which HTTP has no body
        return [] if body is None else [f"{method} {path} answers 204 with a body"]
    schema = operation["responses"][str(status)].get("schema")
    if schema is None:
        # of an error without a schema it is not said what it looks like
        return [] if body is None or status >= 400 else [f"{method} {path} answers {status} without a body"]
    return faults(schema, body)


def _unknown(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    while "$ref" in schema:
        schema = described()["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    if isinstance(value, list):
        for at, part in enumerate(value):
            yield from _unknown(schema.get("items", {}), part, f"{path}[{at}]")
    if isinstance(value, dict) and (fields := schema.get("properties")):
        for name, part in value.items():
            if name not in fields:
                yield f"{path}.{name} is no field of the description"
            else:
                yield from _unknown(fields[name], part, f"{path}.{name}")
