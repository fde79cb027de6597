"""The contract's generated files: JSON Schema of a purchase and AsyncAPI 3 of the public topics.

`make docs` writes them; a test checks that they are current, and that they only ever
added to what was released (`schemas/purchase/released/`).
"""

import json
from inspect import cleandoc
from typing import Any, Final

import msgspec
from pydantic.json_schema import models_json_schema

from stamgast.domain.activation import Note
from stamgast.domain.claims import EVENT_TYPE as CLAIM_TYPE
from stamgast.domain.claims import Limit
from stamgast.domain.told import Line
from stamgast.pos.canonical import EVENT_TYPE, Purchase, Refund
from stamgast.producing import PROOF

SCHEMA_FILE: Final = "purchase/1.json"
ASYNCAPI_FILE: Final = "asyncapi.json"
RELEASED_FILE: Final = "purchase/released/1.json"

JsonSchema = dict[str, Any]

_ANNOTATIONS: Final = frozenset({"title", "description", "default", "examples", "$id", "$schema"})
"""Keywords that validate nothing."""


def purchase_schema() -> JsonSchema:
    """JSON Schema (2020-12) of the `data` of a purchase event; closed: unknown fields are refused."""
    _, schema = models_json_schema(
        [(Purchase, "validation"), (Refund, "validation")], ref_template="#/$defs/{model}", by_alias=True
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:stamgast:schemas:purchase:1",
        "title": EVENT_TYPE,
        "description": "What a source knows of a transaction: its net state at a version, or one refund of it.",
        "if": {"properties": {"status": {"const": "refund"}}, "required": ["status"]},
        "then": {"$ref": "#/$defs/Refund"},
        "else": {"$ref": "#/$defs/Purchase"},
        "$defs": schema["$defs"],
    }


def asyncapi() -> JsonSchema:
    """AsyncAPI 3 of the public topics: what to produce, under which key, and what can be read."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stamgast",
            "version": "1.0.0",
            "description": "Topics that others may produce to and read. Values are JSON; keys are UTF-8 text.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "purchases": {
                "address": "purchases.v1",
                "description": "Key `merchant:transaction`; the partition is Kafka's murmur2 of the key. "
                "A record under another key, or in another partition, is taken over in the right place.",
                "messages": {
                    "purchase": {"$ref": "#/components/messages/purchase"},
                    "claim": {"$ref": "#/components/messages/claim"},
                },
            },
            "activations": {
                "address": "activations.v1",
                "description": "The life of every activation: decided, claimed, closed, outcome.",
                "messages": {"note": {"$ref": "#/components/messages/note"}},
            },
            "facts": {
                "address": "facts.v1",
                "description": "What happened to customers: stamps, vouchers, stages, entries, answers, decisions. "
                "Key `merchant:customer`; it begins with the version that first wrote it.",
                "messages": {"line": {"$ref": "#/components/messages/line"}},
            },
            "feeds": {
                "address": None,
                "description": "Signed POSTs (Standard Webhooks) of `stamgast feeds add`; docs/feeds.md.",
                "messages": {"happened": {"$ref": "#/components/messages/happened"}},
            },
        },
        "operations": {
            "takePurchase": {
                "action": "receive",
                "channel": {"$ref": "#/channels/purchases"},
                "messages": [{"$ref": "#/channels/purchases/messages/purchase"}],
            },
            "tellClaim": {
                "action": "send",
                "channel": {"$ref": "#/channels/purchases"},
                "messages": [{"$ref": "#/channels/purchases/messages/claim"}],
            },
            "tellActivation": {
                "action": "send",
                "channel": {"$ref": "#/channels/activations"},
                "messages": [{"$ref": "#/channels/activations/messages/note"}],
            },
            "tellFact": {
                "action": "send",
                "channel": {"$ref": "#/channels/facts"},
                "messages": [{"$ref": "#/channels/facts/messages/line"}],
            },
            "tellOthers": {
                "action": "send",
                "channel": {"$ref": "#/channels/feeds"},
                "messages": [{"$ref": "#/channels/feeds/messages/happened"}],
            },
        },
        "components": {
            "messages": {
                "purchase": _purchase_message(),
                "claim": _claim_message(),
                "note": _note_message(),
                "line": _line_message(),
                "happened": _happened_message(),
            }
        },
    }


def _purchase_message() -> JsonSchema:
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    return {
        "name": EVENT_TYPE,
        "title": "A transaction's net state, or one refund of it",
        "summary": "CloudEvents 1.0, structured JSON. A telephone number in the clear is refused on the topic: "
        "seal it to the merchant's public key (docs/producing.md), or name the customer by another identifier.",
        "contentType": "application/cloudevents+json",
        "headers": {
            "type": "object",
            "properties": {
                PROOF: {
                    "type": "string",
                    "pattern": "^[a-z2-7]{16}:[0-9a-f]{64}$",
                    "description": "That it comes from its merchant: the id of a key of scope `produce`, and the "
                    "HMAC-SHA256 of the value under the key's whole text (docs/producing.md). Needed from "
                    "STAMGAST_PROVEN_SINCE on.",
                },
            },
        },
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": text,
                "source": text,
                "type": {"const": EVENT_TYPE},
                "subject": text | {"description": "The transaction_id."},
                "time": {"type": "string", "format": "date-time"},
                "datacontenttype": {"const": "application/json"},
                "partitionkey": {"type": "string", "description": "merchant:transaction"},
                "stamgastrecordedat": {
                    "type": "integer",
                    "description": "Set by us: when we recorded it, milliseconds since 1970 UTC.",
                },
                "stamgastsource": {
                    "type": "array",
                    "description": "Set by us on a record that was taken over: where it came from.",
                },
                "stamgastproof": {
                    "type": "string",
                    "description": "Set by us with stamgastsource, which is not believed without it.",
                },
                "data": {"$ref": f"./{SCHEMA_FILE}"},
            },
        },
    }


def _claim_message() -> JsonSchema:
    """What web and `stamgast claims` put among the purchases; whoever reads the topic may pass over it."""
    text = {"type": "string", "maxLength": 200}
    return {
        "name": CLAIM_TYPE,
        "title": "A receipt that was nobody's is claimed, or a person's word on such a claim",
        "summary": "CloudEvents 1.0, structured JSON, under the key of its transaction. We alone write it: one that "
        "others write goes to the dead letters, claims come by POST /v1/merchants/{merchant}/claims.",
        "contentType": "application/cloudevents+json",
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "stamgastrecordedat", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": text,
                "source": text,
                "type": {"const": CLAIM_TYPE},
                "subject": text | {"description": "The transaction_id."},
                "partitionkey": {"type": "string", "description": "merchant:transaction"},
                "stamgastrecordedat": {"type": "integer"},
                "data": {
                    "type": "object",
                    "required": ["transaction_id", "id", "claim_id"],
                    "properties": {
                        "transaction_id": text,
                        "id": text | {"description": "Of the request."},
                        "claim_id": text | {"description": "The claim that a verdict is about, else the id itself."},
                        "customer_id": text,
                        "request": text | {"description": "What stands for all that was asked."},
                        "within": {"type": "integer", "description": "How late it may come, in milliseconds."},
                        "over": {"type": "array", "items": {"enum": [each.value for each in Limit]}},
                        "operator_id": text,
                        "store": text,
                        "verdict": {"enum": ["", "confirm", "refuse"]},
                    },
                },
            },
        },
    }


def _note_message() -> JsonSchema:
    return {
        "name": "stamgast.activation.v1",
        "title": "One line in the life of an activation",
        "contentType": "application/json",
        "payload": _dedented(msgspec.json.schema(Note)["$defs"]["Note"]),
    }


def _line_message() -> JsonSchema:
    return {
        "name": "stamgast.fact.v1",
        "title": "One thing that happened to a customer",
        "contentType": "application/json",
        "payload": _dedented(msgspec.json.schema(Line)["$defs"]["Line"]),
    }


def _happened_message() -> JsonSchema:
    text = {"type": "string"}
    lines = [{"$ref": f"#/components/messages/{each}/payload"} for each in ("line", "note")]
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "name": "stamgast.happened.v1",
        "title": "A line of `facts.v1` or `activations.v1`, as a feed sends it",
        "summary": "Comes at least once: the same `webhook-id` says the same.",
        "contentType": "application/json",
        "headers": {"type": "object", "required": [*names], "properties": dict.fromkeys(names, text)},
        "payload": {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": text | {"description": "`fact.<kind>.<became>` or `activation.<kind>`"},
                "timestamp": text | {"format": "date-time"},
                "data": {"anyOf": lines},
            },
        },
    }


def _dedented(schema: JsonSchema) -> JsonSchema:
    """Return the schema with docstrings as Python 3.13 keeps them, for older ones leave their indentation in."""
    return {
        word: _dedented(value) if isinstance(value, dict) else cleandoc(value) if word == "description" else value
        for word, value in schema.items()
    }


def breaking_changes(released: JsonSchema, current: JsonSchema) -> list[str]:
    """What a producer or reader of the released contract would trip over; empty if only additions were made.

    Allowed: a new optional field, a wider list of values, a wider bound, a new definition. Refused: a field, a
    definition or a value that is gone, a new required field, another type or rule.
    """
    return _compare(released, current, "")


def _compare(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return _compare_schemas(old, new, where)
    return [] if old == new else [f"{where or '/'}: {_short(old)} became {_short(new)}"]


def _compare_schemas(old: JsonSchema, new: JsonSchema, where: str) -> list[str]:
    found = []
    for word in sorted(set(old) | set(new)):
        here = f"{where}/{word}"
        if word in {"properties", "$defs"}:
            found += _compare_named(old.get(word, {}), new.get(word, {}), here)
        elif word == "required":
            found += [f"{here}: {name} is now required" for name in _added(old, new, word)]
        elif word == "enum":
            found += [f"{here}: {value} is no longer allowed" for value in _added(new, old, word)]
        elif word in {"maxLength", "maxItems", "maximum"} and word in old:
            if new.get(word, float("inf")) < old[word]:
                found.append(f"{here}: {old[word]} became {new[word]}")
        elif word in {"minLength", "minItems", "minimum"} and word in old:
            if new.get(word, float("-inf")) > old[word]:
                found.append(f"{here}: {old[word]} became {new[word]}")
        elif word not in _ANNOTATIONS:
            found += _compare(old.get(word), new.get(word), here)
    return found


def _compare_named(old: JsonSchema, new: JsonSchema, where: str) -> list[str]:
    found = []
    for name, schema in sorted(old.items()):
        if name not in new:
            found.append(f"{where}/{name}: is gone")
        else:
            found += _compare(schema, new[name], f"{where}/{name}")
    return found


def _added(old: JsonSchema, new: JsonSchema, word: str) -> list[str]:
    return sorted(set(map(str, new.get(word, []))) - set(map(str, old.get(word, []))))


def _short(value: Any) -> str:
    return json.dumps(value)[:80]


def rendered() -> dict[str, str]:
    """File name under `schemas/` -> its text, as it should stand."""
    return {
        name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in ((SCHEMA_FILE, purchase_schema()), (ASYNCAPI_FILE, asyncapi()))
    }
