"""One operation: what it takes, what it answers, how it refuses, and examples of all three."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from stamgast.web.idempotency import HEADER
from stamgast.web.openapi.examples import EXAMPLES, Example

Json = dict[str, Any]

_REASONS: Final = {
    "400": "A part of the request is missing or malformed; the body is no JSON, or no UTF-8.",
    "401": "No API key, or one that is not known or was revoked.",
    "403": "The key is for another merchant, or lacks the scope; or a webhook's signature is wrong.",
    "404": "No such merchant's programme, customer or voucher.",
    "408": "The body did not come in time: 10 s, and a second more for each 100 kB.",
    "409": "It contradicts what is known; the detail says how.",
    "413": "Body, batch or record too large.",
    "415": "Another media type than the ones listed, or a content encoding.",
    "422": "Invalid; `errors` lists the places, a hundred at most, as JSON Pointers. Nothing was accepted.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "500": "A mistake of ours, which was logged. Send the same request again.",
    "503": "Not ready, or being filled anew, or Kafka did not acknowledge. Send the same request again.",
}
_USUAL: Final = ("401", "403", "404", "429", "500", "503")
_OF_BODIES: Final = ("400", "408", "413", "415", "422")
PROBLEM: Final = "application/problem+json"
_RATE: Final[Json] = {
    name: {"$ref": f"#/components/headers/{name.replace('-', '')}"} for name in ("RateLimit", "RateLimit-Policy")
}
HEADERS: Final[Json] = {
    "RateLimit": {
        "description": "`r` requests are left for this key at once; in `t` seconds its burst is there again.",
        "schema": {"type": "string"},
        "example": '"key";r=998;t=1',
    },
    "RateLimitPolicy": {
        "description": "`q` requests at once for a key, which are there again after `w` seconds.",
        "schema": {"type": "string"},
        "example": '"key";q=1000;w=2',
    },
    "RetryAfter": {"description": "Seconds until it is worth asking again.", "schema": {"type": "integer"}},
}
"""For `components`."""
_KEY: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"}
_REPEATS: Final = "The same one when the same request is repeated; with another request it is refused (422)."


class Repeats(Enum):
    """Whether a request carries an Idempotency-Key."""

    NOTHING = "it writes nothing"
    KEY_TAKEN = "what it says has ids of its own, and a key is held against other requests"
    KEY_NEEDED = "only the key tells a repeat from another request"


def operation(
    name: str,
    summary: str,
    success: str,
    body: Json | None = None,
    *,
    path: Iterable[str],
    answer: str = "",
    repeats: Repeats = Repeats.NOTHING,
    query: Mapping[str, str] | None = None,
    more: Iterable[str] = (),
    media: str = "application/json",
) -> Json:
    """Describe the operation `name`; `answer` names the schema of what it answers when all went well."""
    examples = EXAMPLES[name]
    refusals = {*_USUAL, *(_OF_BODIES if body is not None else ()), *(code for code in more if code >= "400")}
    if repeats is not Repeats.NOTHING:
        refusals.add("422")
    answers: Json = {}
    for code in (success, *(code for code in more if code < "300")):
        answers[code] = {"description": "As the summary says.", "headers": _RATE}
        if answer:
            content = {"schema": {"$ref": f"#/components/schemas/{answer}"}}
            answers[code]["content"] = {"application/json": content | _answered(examples, code)}
    for code in sorted(refusals):
        content = {"schema": {"$ref": "#/components/schemas/Problem"}}
        answers[code] = {"description": _REASONS[code], "content": {PROBLEM: content | _answered(examples, code)}}
    answers["429"]["headers"] = _RATE | {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    answers["503"]["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    described: Json = {
        "operationId": name,
        "summary": summary,
        "parameters": list(_parameters(examples[0], path, query or {}, repeats)),
        "responses": dict(sorted(answers.items())),
    }
    if body is not None:
        content = {"schema": body} if body else {}
        sent = {each.name: _shown(each, each.body) for each in examples if each.body is not None}
        described["requestBody"] = {
            "required": repeats is not Repeats.KEY_NEEDED,
            "content": {media: content | {"examples": sent}},
        }
    return described


def _parameters(example: Example, path: Iterable[str], query: Mapping[str, str], repeats: Repeats) -> Iterable[Json]:
    text: Json = {"type": "string"}
    for name in path:
        yield {"name": name, "in": "path", "required": True, "schema": text, "example": example.path[name]}
    for name, meaning in query.items():
        shown = {"example": example.query[name]} if name in example.query else {}
        yield {"name": name, "in": "query", "required": False, "schema": text, "description": meaning} | shown
    if repeats is not Repeats.NOTHING:
        needed = repeats is Repeats.KEY_NEEDED
        shown = {"example": example.headers.get(HEADER, "sale-4711")}
        yield {"name": HEADER, "in": "header", "required": needed, "schema": _KEY, "description": _REPEATS} | shown


def _answered(examples: Iterable[Example], code: str) -> Json:
    answers = {each.name: _shown(each, each.answer) for each in examples if str(each.status) == code}
    return {"examples": answers} if answers else {}


def _shown(example: Example, value: Any) -> Json:
    return {"summary": example.summary, "value": value}
