"""KORONA.cloud's own description of its API (OpenAPI 3.0), which lies beside the project where the real shop lies too.

It is data of somebody else, so it is no part of the project; without it the tests that need it skip.
"""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

DESCRIPTION = Path(__file__).resolve().parents[4] / "shared" / "counterparts" / "korona_cloud_api_trimmed.json"
needs_description = pytest.mark.skipif(
    not DESCRIPTION.is_file(), reason="KORONA.cloud's OpenAPI file is not here (shared/counterparts)"
)


@functools.cache
def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


@functools.cache
def _validator(schema: str) -> jsonschema_rs.Draft4Validator:
    # OpenAPI 3.0 has Draft 4's words, but for `nullable`, which this description does not use
    components = {"components": described()["components"]}
    return jsonschema_rs.Draft4Validator({**json.loads(schema), **components}, validate_formats=True)


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What of a value is not as a schema of the description says; a field that it does not know is a fault, too."""
    found = [f"{error.instance_path}: {error.message}" for error in _validator(json.dumps(schema)).iter_errors(value)]
    return found + list(_unknown(schema, value, "$"))


def of_component(name: str, value: Any) -> list[str]:
    return faults({"$ref": f"#/components/schemas/{name}"}, value)


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """What the description says of a request; None where there is no such path or method."""
    parts = path.strip("/").split("/")
    for template, methods in described()["paths"].items():
        names = template.strip("/").split("/")
        if len(names) == len(parts) and all(n.startswith("{") or n == p for n, p in zip(names, parts, strict=True)):
            found: dict[str, Any] | None = methods.get(method.lower())
            return found
    return None


def faults_of_answer(method: str, path: str, status: int, body: Any) -> list[str]:
    """What of an answer is not as the description says."""
    operation = operation_of(method, path)
    if operation is None or str(status) not in operation["responses"]:
        return [f"{method} {path} has no answer {status}"]
    return faults(operation["responses"][str(status)]["content"]["application/json"]["schema"], body)


def _unknown(schema: dict[str, Any], value: Any, path: str) -> Any:
    schema = _resolved(schema)
    if isinstance(value, list):
        for at, part in enumerate(value):
            yield from _unknown(schema.get("items", {}), part, f"{path}[{at}]")
    if isinstance(value, dict) and (fields := _fields(schema)):
        for name, part in value.items():
            if name not in fields:
                yield f"{path}.{name} is no field of the description"
            else:
                yield from _unknown(fields[name], part, f"{path}.{name}")


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= _fields(_resolved(part))
    return found
