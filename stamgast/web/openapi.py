"""The HTTP interface as OpenAPI 3.1, at `/openapi.json`."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from stamgast.people.enrolment_request import enrolment_schema
from stamgast.pos.contract import purchase_schema
from stamgast.web.api.claims_described import claim_paths, claim_schemas
from stamgast.web.api.own_events import own_event_schema
from stamgast.web.api.purchases import MOST_ERRORS

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
    "503": "Not ready, or being filled anew, or Kafka did not acknowledge. Send the same request again.",
}

_SCANNED: Final[Json] = {
    "type": "object",
    "required": ["scanned"],
    "additionalProperties": False,
    "properties": {"scanned": {"type": "string", "minLength": 1, "maxLength": 200}},
    "description": "The text of one field, scanned or typed: a customer's id, a membership number or a phone.",
}
_OWN_EVENT: Final[Json] = {"$ref": "#/components/schemas/OwnEvent"}


@cache
def openapi() -> Json:
    """The whole document."""
    purchase = purchase_schema()
    definitions = purchase.pop("$defs")
    schemas: Json = {name: _moved(schema) for name, schema in definitions.items()}
    schemas["PurchaseOrRefund"] = _moved({k: v for k, v in purchase.items() if not k.startswith("$")})
    enrolment = enrolment_schema()
    schemas |= enrolment.pop("$defs", {})
    schemas["Enrolment"] = enrolment
    own_event = own_event_schema()
    own_event.pop("$defs", None)  # the customer's is there: purchases name them so, too
    schemas["OwnEvent"] = own_event
    schemas |= claim_schemas(_object)
    schemas["Problem"] = _problem_schema()
    schemas["Purchases"] = _purchases_schema()
    schemas["Day"] = _day_schema()
    schemas["Report"] = _report_schema()
    schemas["Rules"] = _rules_schema()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Stamgast", "version": "1.0.0"},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
        "paths": _paths(),
    }


def _paths() -> Json:
    merchant = "/v1/merchants/{merchant}"
    batch: Json = {
        "oneOf": [
            {"$ref": "#/components/schemas/PurchaseOrRefund"},
            {
                "type": "array",
                "minItems": 1,
                "maxItems": 1000,
                "items": {"$ref": "#/components/schemas/PurchaseOrRefund"},
            },
        ],
        "description": "Each purchase may stand in a CloudEvents 1.0 envelope (structured JSON).",
    }
    redemption: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"store": {"type": "string"}, "customer": {"type": "string"}},
    }
    return {
        f"{merchant}/purchases": {
            "post": _operation(
                "Report purchases and refunds (scope intake): 202 if all were taken, 207 if some; `warnings` tells "
                "what was taken although it looks wrong",
                "202",
                batch,
                path=["merchant"],
                more=("207",),
                answer="Purchases",
            )
        },
        f"{merchant}/events": {
            "post": _operation(
                "Report events that program.yaml declares (scope intake): 202 if all were taken, 207 if some; the same "
                "id again within a day is the same event",
                "202",
                {"oneOf": [_OWN_EVENT, {"type": "array", "minItems": 1, "maxItems": 1000, "items": _OWN_EVENT}]},
                path=["merchant"],
                more=("207",),
            )
        },
        **claim_paths(merchant, _operation),
        f"{merchant}/pos/{{system}}": {"post": _webhook(["merchant", "system"])},
        f"{merchant}/pos/{{system}}/{{connection}}": {"post": _webhook(["merchant", "system", "connection"])},
        f"{merchant}/public-key": {
            "get": _operation("The key that identifiers are sealed to (scope intake)", "200", path=["merchant"])
        },
        f"{merchant}/days/{{date}}": {
            "get": _operation(
                "What a day came to, as `stamgast day --keep` (or `--every`) reckoned it last (scope read)",
                "200",
                path=["merchant", "date"],
                more=("422",),
                answer="Day",
            )
        },
        f"{merchant}/report": {
            "get": _operation(
                "What rules earned, since ever (scope read); `?rule=` for one of them",
                "200",
                path=["merchant"],
                query={"rule": "One rule's id; without it all of them."},
                more=("422",),
                answer="Report",
            )
        },
        f"{merchant}/rules": {
            "get": _operation(
                "The rules in force, each read back in a sentence, and what became of them (scope read)",
                "200",
                path=["merchant"],
                answer="Rules",
            )
        },
        f"{merchant}/customers": {
            "post": _operation(
                "Enrol a customer (scope intake); 201 for a new one, 200 for one we know",
                "201",
                {"$ref": "#/components/schemas/Enrolment"},
                path=["merchant"],
                more=("200", "409"),
            )
        },
        f"{merchant}/customers/lookup": {
            "post": _operation(
                "What is known of the customer whom a phone or a number names, or what was `scanned` or typed at the "
                "till; writes nothing (scope read)",
                "200",
                {"oneOf": [{"$ref": "#/components/schemas/CustomerReference"}, _SCANNED]},
                path=["merchant"],
            )
        },
        f"{merchant}/customers/{{customer}}": {
            "get": _operation(
                "What is known of a customer (scope read; with till also the codes of vouchers)",
                "200",
                path=["merchant", "customer"],
            ),
            "delete": _operation(
                "Forget the person behind a customer (scope admin); repeats change nothing",
                "200",
                path=["merchant", "customer"],
            ),
        },
        f"{merchant}/vouchers/{{code}}/redemptions": {
            "post": _operation(
                "Redeem a voucher (scope till); 202 when the answer takes longer than two seconds",
                "200",
                redemption,
                path=["merchant", "code"],
                header="Idempotency-Key",
                more=("202", "409"),
            ),
            "delete": _operation(
                "Take a request to redeem back by its key, whether it was applied or is still to come (scope till)",
                "200",
                path=["merchant", "code"],
                header="Idempotency-Key",
                more=("202", "422"),
            ),
        },
        f"{merchant}/vouchers/{{code}}/redemptions/{{redemption}}": {
            "get": _operation(
                "The answer to an earlier redemption",
                "200",
                path=["merchant", "code", "redemption"],
                more=("202", "409"),
            ),
            "delete": _operation(
                "Take a redemption back (scope till): it redeems nothing, and what it redeemed can be redeemed again",
                "200",
                path=["merchant", "code", "redemption"],
                more=("202",),
            ),
        },
    }


def _day_schema() -> Json:
    """What `stamgast day --json` says of one merchant's day."""
    count, text = {"type": "integer"}, {"type": "string"}
    examples = {"type": "array", "items": {"type": "object", "additionalProperties": text}}
    found = _object(count=count, examples=examples)
    return _object(
        merchant=text, date={"type": "string", "format": "date"}, time_zone=text,
        purchases=count, changes=count, refunds=count, enrolled=count,
        messages={"type": "object", "additionalProperties": count},
        warnings={"type": "object", "additionalProperties": found},
        dead_letters=found,
        waiting_for_review={"type": ["integer", "null"]},
        reckoned_at={"type": "string", "format": "date-time"},
    )  # fmt: skip


def _report_schema() -> Json:
    """What `stamgast report --merchant M --json` says; docs/campaigns.md has what the figures mean."""
    count, money, figure, text = (
        {"type": "integer"},
        {"type": "integer"},
        {"type": ["number", "null"]},
        {"type": "string"},
    )
    counted = ("sent", "delivered", "read", "replied", "opted_out")
    attributed = _object(purchases=count, revenue_minor=money, profit_minor=money)
    uplift = _object(per_customer_minor=figure, low=figure, high=figure, verdict=text)
    side = {"people": count, "converted": count, "profit_minor": money}
    variant = _object(
        **dict.fromkeys(counted, count), **side, attributed=attributed, uplift=uplift,
        cost=_object(messages_minor=money),
    )  # fmt: skip
    rule = _object(
        **dict.fromkeys(("decided", "reached", *counted, "redeemed", "held_out"), count),
        arms=_object(treated=_object(**side), held_out=_object(**side)),
        attributed=attributed,
        uplift=uplift,
        cost=_object(messages_minor=money, rewards_minor=money),
        variants={"type": "object", "additionalProperties": variant},
        **{"return": figure},
    )
    liability = _object(
        vouchers_minor=money, stamps_minor=money, expected_redemption=figure,
        without_cost={"type": "array", "items": text},
    )  # fmt: skip
    rules = {"type": "object", "additionalProperties": rule}
    budget = _object(
        amount_minor=money, per=text, when_spent=text, spent_minor={"type": "object", "additionalProperties": money}
    )
    budgets = {"type": "object", "additionalProperties": budget}
    campaigns = {"type": "object", "additionalProperties": {"type": "array", "items": text}}
    return _object(
        merchant=text, currency=text, window_ms=count, rules=rules, campaigns=campaigns, budgets=budgets,
        liability=liability, prices_known={"type": "boolean"},
    )  # fmt: skip


def _rules_schema() -> Json:
    count, text = {"type": "integer"}, {"type": "string"}
    by_word: Json = {"type": "object", "additionalProperties": count}
    counted = dict.fromkeys(("fired", "shadow", "not_in_canary", "too_many", "raised"), count)
    counts = _object(not_met=by_word, withheld=by_word, **counted)
    rule = _object(merchant=text, rule=text, status=text, sentence=text, counts=counts)
    return _object(merchant=text, hash=text, rules={"type": "array", "items": rule})


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _operation(
    summary: str,
    success: str,
    body: Json | None = None,
    *,
    path: list[str],
    header: str = "",
    query: Mapping[str, str] | None = None,
    more: tuple[str, ...] = (),
    answer: str = "",
) -> Json:
    refusals = ["401", "403", "404", "429", "503", *(["400", "408", "413", "415", "422"] if body else [])]
    answers: Json = {code: {"description": "As the summary says."} for code in (success, *more) if code < "300"}
    if answer:
        described: Json = {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
        answers = {code: each | {"content": described} for code, each in answers.items()}
    for code in [*refusals, *(code for code in more if code >= "400")]:
        answers[code] = {
            "description": _REASONS[code],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    text: Json = {"type": "string"}
    parameters = [{"name": name, "in": "path", "required": True, "schema": text} for name in path]
    for name, meaning in (query or {}).items():
        parameters.append({"name": name, "in": "query", "required": False, "schema": text, "description": meaning})
    if header:
        parameters.append({"name": header, "in": "header", "required": True, "schema": text})
    operation: Json = {"summary": summary, "parameters": parameters, "responses": dict(sorted(answers.items()))}
    if body:
        operation["requestBody"] = {"required": not header, "content": {"application/json": {"schema": body}}}
    return operation


def _webhook(path: list[str]) -> Json:
    """A system of tills calls it, signed as that system signs; no key of ours."""
    summary = (
        "A webhook of a system of tills, at the address that `stamgast pos connect` gave; where the merchant has "
        "several connections to it, or it signs nothing, the address ends in the connection"
    )
    operation = _operation(summary, "200", path=path, more=("400", "408", "413", "415", "422")) | {"security": []}
    return operation | {"requestBody": {"required": True, "content": {"*/*": {}}}}


def _purchases_schema() -> Json:
    text, count = {"type": "string"}, {"type": "integer"}
    errors: Json = {"$ref": "#/components/schemas/Problem/properties/errors"}
    outcome: Json = {
        "status": count | {"description": "202, 422 or 413; only where some were refused."},
        "transaction_id": text,
        "refund_id": text,
        "customer": {"type": ["string", "null"]},
        "errors": errors | {"maxItems": MOST_ERRORS},
        "more_errors": count | {"description": "How many there are beside `errors`."},
    }
    warning: Json = dict.fromkeys(("pointer", "detail", "allowed", "nearest"), text) | {"purchases": count}
    return {
        "type": "object",
        "required": ["accepted", "purchases"],
        "properties": {
            "accepted": count,
            "refused": count,
            "purchases": {
                "type": "array",
                "description": "What became of each, in the order of the request.",
                "items": {"type": "object", "properties": outcome},
            },
            "warnings": {"type": "array", "items": {"type": "object", "properties": warning}},
        },
    }


def _problem_schema() -> Json:
    text: Json = {"type": "string"}
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text | {"description": "What to mend."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {"pointer": text, "detail": text, "allowed": text, "nearest": text},
                },
            },
        },
    }


def _moved(schema: Any) -> Any:
    """The same schema with its references pointing into `components`."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
            for key, value in schema.items()
        }
    return [_moved(item) for item in schema] if isinstance(schema, list) else schema
