"""The whole document, at `/openapi.json`."""

from functools import cache
from typing import Any, Final

from stamgast.people.enrolment_request import enrolment_schema
from stamgast.people.pages import MOST, USUAL
from stamgast.pos.contract import purchase_schema
from stamgast.web.api.own_events import own_event_schema
from stamgast.web.openapi.answers import answer_schemas
from stamgast.web.openapi.claims import claim_paths, claim_schemas
from stamgast.web.openapi.operations import HEADERS, Repeats, operation
from stamgast.web.openapi.stamps import AT_TILL, stamp_paths
from stamgast.web.openapi.voiding import void_paths

Json = dict[str, Any]

_MERCHANT: Final = "/v1/merchants/{merchant}"
_PAGED: Final = {
    "limit": f"So many at most: 1 to {MOST}, {USUAL} without it.",
    "cursor": "`next` of the page before.",
}
_PURCHASE: Final[Json] = {"$ref": "#/components/schemas/PurchaseOrRefund"}
_SCANNED: Final[Json] = {
    "type": "object",
    "required": ["scanned"],
    "additionalProperties": False,
    "properties": {"scanned": {"type": "string", "minLength": 1, "maxLength": 200}},
    "description": "The text of one field, scanned or typed: a customer's id, a membership number or a phone.",
}
_MERGE: Final[Json] = {
    "type": "object",
    "required": ["into"],
    "additionalProperties": False,
    "properties": {
        "into": {"type": "string", "pattern": "^c[a-z2-7]{24}$", "description": "Who they are: stays, with all of it."},
        "dry_run": {"type": "boolean", "default": False, "description": "Only say what it comes to."},
        "rewards_again": {
            "type": "boolean",
            "default": False,
            "description": "Also where the customer has used rewards, which the other then earns again.",
        },
        "why": {"type": "string", "maxLength": 200, "description": "For the log."},
    },
}
_OWN_EVENT: Final[Json] = {"$ref": "#/components/schemas/OwnEvent"}


@cache
def openapi() -> Json:
    """The whole document."""
    schemas: Json = {name: _moved(schema) for name, schema in purchase_schema()["$defs"].items()}
    kinds = ("Purchase", "Refund")
    schemas["PurchaseOrRefund"] = {"oneOf": [{"$ref": f"#/components/schemas/{kind}"} for kind in kinds]}
    enrolment = enrolment_schema()
    schemas |= enrolment.pop("$defs", {})
    schemas["Enrolment"] = enrolment
    own_event = own_event_schema()
    own_event.pop("$defs", None)  # the customer's is there: purchases name them so, too
    schemas["OwnEvent"] = own_event
    schemas |= answer_schemas() | claim_schemas()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Stamgast", "version": "1.0.0"},
        "components": {
            "schemas": schemas,
            "headers": HEADERS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
        "paths": _till_paths()
        | _customer_paths()
        | _voucher_paths()
        | stamp_paths(_MERCHANT)
        | void_paths(_MERCHANT)
        | claim_paths(_MERCHANT)
        | _told_paths(),
    }


def _till_paths() -> Json:
    return {
        f"{_MERCHANT}/purchases": {
            "post": operation(
                "reportPurchases",
                "Report purchases and refunds (scope intake): 202 if all were taken, 207 if some; `warnings` tells "
                "what was taken although it looks wrong",
                "202",
                _one_or_many(_PURCHASE)
                | {"description": "Each purchase may stand in a CloudEvents 1.0 envelope (structured JSON)."},
                path=["merchant"],
                more=["207"],
                repeats=Repeats.KEY_TAKEN,
                answer="Purchases",
            )
        },
        f"{_MERCHANT}/events": {
            "post": operation(
                "reportEvents",
                "Report events that program.yaml declares (scope intake): 202 if all were taken, 207 if some; the same "
                "id again within a day is the same event",
                "202",
                _one_or_many(_OWN_EVENT),
                path=["merchant"],
                more=["207"],
                repeats=Repeats.KEY_TAKEN,
                answer="Events",
            )
        },
        f"{_MERCHANT}/pos/{{system}}": {"post": _webhook("deliver", ["merchant", "system"])},
        f"{_MERCHANT}/pos/{{system}}/{{connection}}": {
            "post": _webhook("deliverTo", ["merchant", "system", "connection"])
        },
        f"{_MERCHANT}/public-key": {
            "get": operation(
                "getPublicKey",
                "The key that identifiers are sealed to (scope intake)",
                "200",
                path=["merchant"],
                answer="PublicKey",
            )
        },
    }


def _customer_paths() -> Json:
    return {
        f"{_MERCHANT}/customers": {
            "post": operation(
                "enrolCustomer",
                "Enrol a customer (scope intake); 201 for a new one, 200 for one we know",
                "201",
                {"$ref": "#/components/schemas/Enrolment"},
                path=["merchant"],
                more=["200", "409"],
                repeats=Repeats.KEY_TAKEN,
                answer="Enrolled",
            ),
            "get": operation(
                "listCustomers",
                "The customers whom a phone or a number names, one or none (scope read); a query stands in the logs of "
                "whatever is on the way: `…/customers/lookup` asks the same in its body",
                "200",
                path=["merchant"],
                query={
                    "phone": "As a person writes it, or +31612345678.",
                    "membership_number": "The merchant's own number of them.",
                    "provider_customer_id": "The number that a system of tills has for them.",
                    **_PAGED,
                },
                more=["422"],
                answer="Customers",
            ),
        },
        f"{_MERCHANT}/customers/{{customer}}/purchases": {
            "get": operation(
                "listPurchases",
                "What is kept of a customer's purchases, newest first (scope read)",
                "200",
                path=["merchant", "customer"],
                query=_PAGED,
                more=["422"],
                answer="KeptPurchases",
            )
        },
        f"{_MERCHANT}/customers/{{customer}}/vouchers": {
            "get": operation(
                "listVouchers",
                "A customer's vouchers in whatever state, newest first (scope read; with till also their codes)",
                "200",
                path=["merchant", "customer"],
                query=_PAGED,
                more=["422"],
                answer="Vouchers",
            )
        },
        f"{_MERCHANT}/customers/{{customer}}/merge": {
            "post": operation(
                "mergeCustomer",
                "Make a customer one with another: what they bought, and what names them, is the other's (scope "
                "admin). It cannot be undone, and `dry_run` says first what it comes to; 202 while workers have not "
                "applied it; repeats double nothing",
                "200",
                _MERGE,
                path=["merchant", "customer"],
                more=["202", "409"],
                repeats=Repeats.KEY_TAKEN,
                answer="Merger",
            )
        },
        f"{_MERCHANT}/customers/lookup": {
            "post": operation(
                "lookUpCustomer",
                "What is known of the customer whom a phone or a number names, or what was `scanned` or typed at the "
                "till; writes nothing (scope read)",
                "200",
                {"oneOf": [{"$ref": "#/components/schemas/CustomerReference"}, _SCANNED]},
                path=["merchant"],
                answer="Customer",
            )
        },
        f"{_MERCHANT}/customers/{{customer}}": {
            "get": operation(
                "getCustomer",
                "What is known of a customer (scope read; with till also the codes of vouchers)",
                "200",
                path=["merchant", "customer"],
                answer="Customer",
            ),
            "delete": operation(
                "forgetCustomer",
                "Forget the person behind a customer (scope admin); repeats change nothing",
                "200",
                path=["merchant", "customer"],
                repeats=Repeats.KEY_TAKEN,
                answer="Forgotten",
            ),
        },
    }


def _voucher_paths() -> Json:
    redemption: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "store": {"type": "string"},
            "customer": {"type": "string"},
            "transaction_id": {
                "type": "string", "minLength": 1, "maxLength": 200, "description": "The receipt it is used on.",
            },
            "business_day_date": {"type": "string", "format": "date"},
            "total_minor": {
                "type": "integer", "minimum": 1,
                "description": "What the receipt comes to before it. Needed where a voucher takes money off.",
            },
            "price_currency": {"type": "string", "description": "The shop's own, if it is said."},
            **AT_TILL,
        },
    }  # fmt: skip
    one, request = ["merchant", "code", "redemption"], ["merchant", "code"]
    return {
        f"{_MERCHANT}/vouchers/{{code}}/redemptions": {
            "post": operation(
                "redeemVoucher",
                "Redeem a voucher (scope till); 202 when the answer takes longer than two seconds",
                "200",
                redemption,
                path=request,
                repeats=Repeats.KEY_NEEDED,
                more=["202", "409"],
                answer="Redemption",
            ),
            "delete": operation(
                "takeRequestBack",
                "Take a request to redeem back by its key, whether it was applied or is still to come (scope till)",
                "200",
                path=request,
                repeats=Repeats.KEY_NEEDED,
                more=["202"],
                answer="Redemption",
            ),
        },
        f"{_MERCHANT}/vouchers/{{code}}/redemptions/{{redemption}}": {
            "get": operation(
                "getRedemption",
                "The answer to an earlier redemption",
                "200",
                path=one,
                more=["202", "409"],
                answer="Redemption",
            ),
            "delete": operation(
                "takeRedemptionBack",
                "Take a redemption back (scope till): it redeems nothing, and what it redeemed can be redeemed again",
                "200",
                path=one,
                more=["202"],
                repeats=Repeats.KEY_TAKEN,
                answer="Redemption",
            ),
        },
    }


def _told_paths() -> Json:
    return {
        f"{_MERCHANT}/pos": {
            "get": operation(
                "getTills",
                "When each store's tills were last heard of, and whether that is usual for it (scope read)",
                "200",
                path=["merchant"],
                answer="Tills",
            )
        },
        f"{_MERCHANT}/days/{{date}}": {
            "get": operation(
                "getDay",
                "What a day came to, as `stamgast day --keep` (or `--every`) reckoned it last (scope read)",
                "200",
                path=["merchant", "date"],
                more=["422"],
                answer="Day",
            )
        },
        f"{_MERCHANT}/report": {
            "get": operation(
                "getReport",
                "What rules earned, since ever (scope read); `?rule=` for one of them",
                "200",
                path=["merchant"],
                query={"rule": "One rule's id; without it all of them."},
                more=["422"],
                answer="Report",
            )
        },
        f"{_MERCHANT}/rules": {
            "get": operation(
                "getRules",
                "The rules in force, each read back in a sentence, and what became of them (scope read)",
                "200",
                path=["merchant"],
                answer="Rules",
            )
        },
    }


def _one_or_many(item: Json) -> Json:
    return {"oneOf": [item, {"type": "array", "minItems": 1, "maxItems": 1000, "items": item}]}


def _webhook(name: str, path: list[str]) -> Json:
    """A system of tills calls it, signed as that system signs; no key of ours."""
    summary = (
        "A webhook of a system of tills, at the address that `stamgast pos connect` gave; where the merchant has "
        "several connections to it, or it signs nothing, the address ends in the connection"
    )
    described = operation(name, summary, "200", {}, path=path, media="*/*")
    return described | {"security": []}


def _moved(schema: Any) -> Any:
    """The same schema with its references pointing into `components`."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
            for key, value in schema.items()
        }
    return [_moved(item) for item in schema] if isinstance(schema, list) else schema
