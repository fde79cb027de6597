"""One operation: what it takes, what it answers, how it refuses, and examples of all three."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

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


def operation(
    name: str,
    summary: str,
    success: str,
    body: Json | None = None,
    *,
    path: Iterable[str],
    answer: str = "",
    header: str = "",
    query: Mapping[str, str] | None = None,
    more: Iterable[str] = (),
    media: str = "application/json",
) -> Json:
    """Describe the operation `name`; `answer` names the schema of what it answers when all went well."""
    examples = EXAMPLES[name]
    refusals = sorted({*_USUAL, *(_OF_BODIES if body is not None else ()), *(code for code in more if code >= "400")})
    answers: Json = {}
    for code in (success, *(code for code in more if code < "300")):
        answers[code] = {"description": "As the summary says."}
        if answer:
            content = {"schema": {"$ref": f"#/components/schemas/{answer}"}}
            answers[code]["content"] = {"application/json": content | _answered(examples, code)}
    for code in refusals:
        content = {"schema": {"$ref": "#/components/schemas/Problem"}}
        answers[code] = {"description": _REASONS[code], "content": {PROBLEM: content | _answered(examples, code)}}
    described: Json = {
        "operationId": name,
        "summary": summary,
        "parameters": list(_parameters(examples[0], path, query or {}, header)),
        "responses": dict(sorted(answers.items())),
    }
    if body is not None:
        content = {"schema": body} if body else {}
        sent = {each.name: _shown(each, each.body) for each in examples if each.body is not None}
        described["requestBody"] = {"required": not header, "content": {media: content | {"examples": sent}}}
    return described


def _parameters(example: Example, path: Iterable[str], query: Mapping[str, str], header: str) -> Iterable[Json]:
    text: Json = {"type": "string"}
    for name in path:
        yield {"name": name, "in": "path", "required": True, "schema": text, "example": example.path[name]}
    for name, meaning in query.items():
        shown = {"example": example.query[name]} if name in example.query else {}
        yield {"name": name, "in": "query", "required": False, "schema": text, "description": meaning} | shown
    if header:
        shown = {"example": example.headers[header]}
        yield {"name": header, "in": "header", "required": True, "schema": text} | shown


def _answered(examples: Iterable[Example], code: str) -> Json:
    answers = {each.name: _shown(each, each.answer) for each in examples if str(each.status) == code}
    return {"examples": answers} if answers else {}


def _shown(example: Example, value: Any) -> Json:
    return {"summary": example.summary, "value": value}
