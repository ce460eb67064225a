"""Validates requests and their items: the only place that decides on refusals.

The fields of an item are declared in record_models.py; here their faults become codes, and the rules are checked that
depend on other records of the cloud. The OpenAPI description of a parameter or body is beside its check. No SQL and no
socket: store and server call this module and pass in what they know.
"""

import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from cloudkasse_etl.sandbox.cloud.record_models import KEY_FIELDS, RECORDS, Entity

# Longest text of a client that an answer repeats: a rejected megabyte must not be returned as a megabyte.
MAX_ECHO = 200
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")
PROBLEM_TYPE = "application/problem+json"
PAGE_LIMIT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Limits:
    """How much a CloudKasse accepts.

    Attributes:
        batch_items: Most items in a batch.
        page_items: Most items on a page, and the number where a client does not ask for one.
        article_limit: Most active articles that the licence allows; None for any number.
        body_bytes: Longest body of a request.
    """

    batch_items: int = 500
    page_items: int = 1000
    article_limit: int | None = None
    body_bytes: int = 8 * 1024 * 1024


class RequestProblem(Exception):  # noqa: N818 -- named by RFC 9457
    """A whole request that is refused; becomes an `application/problem+json` answer.

    Args:
        status: The HTTP status.
        code: What is wrong, for programs.
        detail: What is wrong, for people; no content of the request.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers

    def body(self) -> bytes:
        """Return the problem as JSON (RFC 9457)."""
        title = HTTPStatus(self.status).phrase
        kind = f"urn:cloudkasse:problem:{self.code}"
        return orjson.dumps(
            {"type": kind, "title": title, "status": self.status, "detail": self.detail, "code": self.code}
        )


class Refusal(NamedTuple):
    """Why one item is rejected: code, field (empty for the whole item) and a text for people."""

    code: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """An item after the checks that depend on it alone.

    Attributes:
        key: The key as an answer shows it, parts joined by `|`.
        identity: The key unambiguously, as a JSON array; None when the item has no usable key.
        fields: The item's fields in the contract's order; empty when it is refused.
        refusal: What is wrong with it.
    """

    key: str
    identity: str | None
    fields: dict[str, Any]
    refusal: Refusal | None


@dataclass(frozen=True)
class Knowledge:
    """The records of the cloud that an item's validity depends on.

    Attributes:
        articles: Identities of the articles that the batch's prices name and that exist.
        price_groups: Price groups that a register uses, or that a retired register used.
    """

    articles: Collection[str] = frozenset()
    price_groups: Collection[str] = frozenset()


def describe_problems(statuses: Collection[int]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the refusals that an endpoint can answer with."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in sorted(statuses)}


def is_token_right(values: Sequence[bytes], expected: bytes) -> bool:
    """Whether the values of the Authorization header are one bearer token, the right one."""
    scheme, _, token = values[0].partition(b" ") if len(values) == 1 else (b"", b"", b"")
    # Both are evaluated, in constant time: the duration must not reveal how much of a token was right.
    return bool(hmac.compare_digest(token.strip(), expected) & (scheme.lower() == b"bearer"))


def describe_idempotency_key() -> dict[str, Any]:
    """Return the OpenAPI description of the header that `check_idempotency_key` checks."""
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Random, of one attempt at one body: the same again within 24 hours gives the same answer.",
        "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY.pattern}$"},
    }


def check_idempotency_key(values: Sequence[str]) -> str:
    """Return the idempotency key, given the values of its header."""
    if len(values) != 1 or not IDEMPOTENCY_KEY.fullmatch(values[0]):
        raise RequestProblem(
            400, "idempotency_key_required", "A write needs one Idempotency-Key of 1 to 255 visible ASCII characters."
        )
    return values[0]


def check_content_type(value: str) -> None:
    """Refuse a body whose content type is not JSON in UTF-8."""
    kind, *parameters = (part.strip().lower().replace('"', "") for part in value.split(";"))
    charsets = [part for part in parameters if part.startswith("charset=")]
    if kind != "application/json" or charsets not in ([], ["charset=utf-8"]):
        raise RequestProblem(400, "malformed", "The Content-Type must be application/json, in UTF-8.")


def describe_cursor(name: str) -> dict[str, Any]:
    """Return the OpenAPI description of the parameter that `check_cursor` checks."""
    text = "Where to go on: a `next_cursor`; empty or absent, from the beginning."
    return {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": "string"}}


def check_cursor(values: Sequence[str]) -> str | None:
    """Return the cursor, given the values of its parameter; None for the beginning."""
    if len(values) > 1:
        raise RequestProblem(400, "malformed", "There must be one cursor.")
    return values[0] if values and values[0] else None


def describe_page_limit(page_items: int) -> dict[str, Any]:
    """Return the OpenAPI description of the parameter that `check_page_limit` checks."""
    schema = {"type": "integer", "minimum": 1, "maximum": page_items, "default": page_items}
    return {"name": "limit", "in": "query", "required": False, "description": "Most items a page.", "schema": schema}


def check_page_limit(values: Sequence[str], page_items: int) -> int:
    """Return how many items a page shall hold, given the values of the parameter."""
    if not values or list(values) == [""]:
        return page_items
    if len(values) == 1 and PAGE_LIMIT.fullmatch(values[0]) and 1 <= int(values[0]) <= page_items:
        return int(values[0])
    raise RequestProblem(400, "limit_invalid", f"The limit must be a whole number from 1 to {page_items}.")


def identity(*parts: str | None) -> str:
    """Return the key as a JSON array: joined by `|` alone, `A|1` and `A`, `1` would be the same article."""
    return orjson.dumps(parts).decode()


def describe_batch(entity: Entity, batch_items: int) -> dict[str, Any]:
    """Return the OpenAPI description of the body that `parse_batch` reads."""
    record = {"$ref": f"#/components/schemas/{RECORDS[entity].__name__}"}
    items = {"type": "array", "minItems": 1, "maxItems": batch_items, "items": record}
    schema = {"type": "object", "required": ["items"], "additionalProperties": False, "properties": {"items": items}}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def parse_batch(body: bytes, batch_items: int) -> list[Any]:
    """Return the items of a batch's body.

    Raises:
        RequestProblem: 400 when it is not JSON or not `{"items": [...]}`, 413 when there are too many items.
    """
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestProblem(400, "malformed", f"The body is not JSON: {error.msg} at {error.pos}.") from error
    if not isinstance(envelope, dict) or envelope.keys() != {"items"} or not isinstance(envelope["items"], list):
        raise RequestProblem(400, "malformed", 'The body must be an object with one field, "items", an array.')
    items = envelope["items"]
    if not items:
        raise RequestProblem(400, "malformed", "A batch must hold at least one item.")
    if len(items) > batch_items:
        raise RequestProblem(413, "too_many_items", f"A batch holds at most {batch_items} items, not {len(items)}.")
    return items


def check_item(entity: Entity, item: Any) -> CheckedItem:
    """Check an item by itself: fields, types, lengths, formats."""
    if not isinstance(item, dict):
        return CheckedItem("", None, {}, Refusal("invalid_type", "", "an item must be an object"))
    parts = [item.get(field) for field in KEY_FIELDS[entity]]
    key = "|".join(part if isinstance(part, str) else "" for part in parts)
    try:
        record = RECORDS[entity].model_validate(item)
    except ValidationError as error:
        usable = all(part is None or isinstance(part, str) for part in parts)
        return CheckedItem(key[:MAX_ECHO], identity(*parts) if usable else None, {}, _refusal(entity, error))
    return CheckedItem(key, identity(*parts), record.__dict__, None)


def refuse_in_context(entity: Entity, fields: dict[str, Any], knowledge: Knowledge) -> Refusal | None:
    """Check a well-formed item against the other records of the cloud.

    Args:
        entity: The kind of the record.
        fields: The item's checked fields.
        knowledge: The records that its validity depends on.

    Returns:
        Why it is refused; None if it is not.
    """
    if entity is not Entity.PRICES:
        return None
    if identity(fields["article"]) not in knowledge.articles:
        return Refusal("article_unknown", "article", "the cloud holds no article of this number")
    # It must be possible to retire a price also after the last register has left its group.
    if fields["active"] and fields["price_group"] not in knowledge.price_groups:
        return Refusal("price_group_unknown", "price_group", "no register uses this price group")
    return None


def refuse_over_limit(article_limit: int) -> Refusal:
    """Return the refusal of an article that would be one too many."""
    return Refusal("limit_reached", "number", f"the licence allows {article_limit} active articles")


@cache
def _nullable_fields(entity: Entity) -> frozenset[str]:
    fields = RECORDS[entity].model_fields
    return frozenset(name for name, field in fields.items() if type(None) in getattr(field.annotation, "__args__", ()))


def _refusal(entity: Entity, failed: ValidationError) -> Refusal:
    """Turn the first fault into a code. Pydantic's own texts are about Python, so none of them is passed on."""
    faults = failed.errors(include_url=False, include_context=False, include_input=True)
    # An unknown or missing field is a fault of the client's program, and says more than any value.
    first = min(faults, key=lambda fault: fault["type"] not in {"extra_forbidden", "missing"})
    field = str(first["loc"][0]) if first["loc"] else ""
    nullable = field in _nullable_fields(entity)
    match first["type"]:
        case "extra_forbidden":
            return Refusal("unknown_field", field[:MAX_ECHO], "there is no such field")
        case "missing":
            return Refusal("missing_field", field, "every field must be sent, null where empty")
        case "string_too_long":
            return Refusal("too_long", field, f"longer than {_max_length(entity, field)} characters")
        case "string_too_short" if nullable:
            return Refusal("invalid_value", field, "must not be an empty text; send null")
        case "string_too_short":
            return Refusal("required", field, "must not be empty")
        case "string_type" | "int_type" | "bool_type" if first["input"] is None:
            return Refusal("required", field, "must not be null")
        case "string_type":
            return Refusal("invalid_type", field, "must be a string" + (" or null" if nullable else ""))
        case "int_type":
            return Refusal("invalid_type", field, "must be a whole number")
        case "bool_type":
            return Refusal("invalid_type", field, "must be true or false")
        case "string_pattern_mismatch":
            expected = RECORDS[entity].model_fields[field].description
            return Refusal("invalid_value", field, f"does not have the right form; expected: {expected}")
        case "period_invalid":
            return Refusal("period_invalid", "valid_to", first["msg"])
        case code:
            # Our own errors of record_models.py carry their code and text.
            return Refusal(code, field, first["msg"])


def _max_length(entity: Entity, field: str) -> int:
    schema = _schema(entity)["properties"][field]
    candidates = [schema, *schema.get("anyOf", [])]
    return next(int(part["maxLength"]) for part in candidates if "maxLength" in part)


@cache
def _schema(entity: Entity) -> dict[str, Any]:
    return RECORDS[entity].model_json_schema()
