"""What is answered, as JSON Schema."""

from typing import Any, Final

from stamgast.domain.feed_health import Health
from stamgast.web.api.purchases import MOST_ERRORS

Json = dict[str, Any]

_COUNT: Final[Json] = {"type": "integer"}
_TEXT: Final[Json] = {"type": "string"}
_YES_OR_NO: Final[Json] = {"type": "boolean"}
_MOMENT: Final[Json] = {"type": "string", "format": "date-time"}
_MAYBE_TEXT: Final[Json] = {"type": ["string", "null"]}
_MAYBE_COUNT: Final[Json] = {"type": ["integer", "null"]}
_FIGURE: Final[Json] = {"type": ["number", "null"]}


def answer_schemas() -> Json:
    """By name."""
    return {
        "Problem": _problem(),
        "Mistake": _mistake(),
        "Warning": _warning(),
        "Purchases": _purchases(),
        "Events": _events(),
        "PublicKey": _object(merchant=_TEXT, public_key=_TEXT | {"description": "X25519, base64."}),
        "Enrolled": _enrolled(),
        "Customer": _customer(),
        "Customers": _page("customers", {"$ref": "#/components/schemas/Customer"}),
        "KeptPurchases": _page("purchases", _kept_purchase(), currency=_TEXT),
        "Vouchers": _page("vouchers", _voucher()),
        "Forgotten": _object(customer=_TEXT, erased=_YES_OR_NO, identifiers=_COUNT),
        "Merger": _merger(),
        "Redemption": _redemption(),
        "StampsByHand": _stamps_by_hand(),
        "Voided": _voided(),
        "Day": _day(),
        "Tills": _tills(),
        "Report": _report(),
        "Rules": _rules(),
    }


def _merger() -> Json:
    """What a merger comes to, or came to."""
    counted = dict.fromkeys(("purchases", "stay_behind", "redeemed", "open_vouchers", "names"), _COUNT)
    consents: Json = {"type": "array", "items": _TEXT}
    return _object(
        customer=_TEXT, into=_TEXT, **counted, consents_lost=consents, opts_out=_YES_OR_NO, merged=_YES_OR_NO
    )


def _problem() -> Json:
    """The one shape of every refusal (RFC 9457)."""
    return {
        "type": "object",
        "description": "Every refusal has this shape (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
        "properties": {
            "type": _TEXT | {"description": "`urn:stamgast:problem:` and the kind, for programs."},
            "title": _TEXT,
            "status": _COUNT,
            "detail": _TEXT | {"description": "What to mend."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Mistake"}},
        },
    }


def _mistake() -> Json:
    return {
        "type": "object",
        "required": ["pointer", "detail"],
        "additionalProperties": False,
        "properties": {
            "pointer": _TEXT | {"description": "Where: a JSON Pointer into the request's body."},
            "detail": _TEXT,
            "allowed": _TEXT,
            "nearest": _TEXT | {"description": "What was probably meant."},
        },
    }


def _warning() -> Json:
    """What was taken although it looks wrong."""
    texts = dict.fromkeys(("pointer", "detail", "allowed", "nearest"), _TEXT)
    return {"type": "object", "required": ["pointer", "detail"], "properties": texts | {"purchases": _COUNT}}


def _several(of: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}


def _taken(what: str, outcome: Json) -> Json:
    """What became of the items of a batch."""
    return {
        "type": "object",
        "required": ["accepted", what],
        "properties": {
            "accepted": _COUNT,
            "refused": _COUNT,
            what: {
                "type": "array",
                "description": "What became of each, in the order of the request.",
                "items": {"type": "object", "properties": outcome},
            },
            "warnings": _several("Warning"),
        },
    }


def _purchases() -> Json:
    return _taken(
        "purchases",
        {
            "status": _COUNT | {"description": "202, 422 or 413; only where some were refused."},
            "transaction_id": _TEXT,
            "refund_id": _TEXT,
            "customer": _MAYBE_TEXT,
            "errors": _several("Mistake") | {"maxItems": MOST_ERRORS},
            "more_errors": _COUNT | {"description": "How many there are beside `errors`."},
        },
    )


def _events() -> Json:
    return _taken(
        "events",
        {
            "status": _COUNT | {"description": "202 or 422; only where some were refused."},
            "id": _TEXT,
            "customer": _MAYBE_TEXT,
            "errors": _several("Mistake") | {"maxItems": MOST_ERRORS},
        },
    )


def _enrolled() -> Json:
    enrolled = _object(customer=_TEXT, merchant=_TEXT, new=_YES_OR_NO)
    enrolled["properties"] |= {"warnings": _several("Warning"), "card_url": _TEXT}
    return enrolled


def _customer() -> Json:
    """What `stamgast customer show --json` says."""
    by_name: Json = {"type": "object", "additionalProperties": _COUNT}
    days: Json = {
        "type": "object",
        "additionalProperties": {"type": "string", "format": "date"},
        "description": "The last day of the stamps on a card, once a message that says so was delivered.",
    }
    clv = _object(
        historic=_COUNT, simple=_COUNT, profit=_COUNT, predicted=_MAYBE_COUNT, net=_MAYBE_COUNT,
        acquisition_cost=_COUNT, contact_cost=_COUNT, clv_to_cac=_FIGURE, earns_its_cost={"type": ["boolean", "null"]},
    )  # fmt: skip
    customer = _object(
        customer=_TEXT, merchant=_TEXT, purchases=_COUNT, visits=_COUNT, spend=_COUNT, profit=_COUNT, refunds=_COUNT,
        currency=_TEXT, stamps=by_name, stamps_until=days, cards_completed=by_name,
        vouchers={"type": "array", "items": _voucher()},
        more_vouchers=by_name, stage=_TEXT, tier=_MAYBE_TEXT, clv=clv,
        prospects={"type": ["object", "null"], "additionalProperties": True},
        next_timer=_MAYBE_TEXT, joined_at=_MAYBE_TEXT,
        consents={"type": "object", "additionalProperties": _MOMENT},
        topics_left={"type": "object", "additionalProperties": _MOMENT},
        stopped=_YES_OR_NO, reachable=_YES_OR_NO, erased=_YES_OR_NO, tags={"type": "array", "items": _TEXT},
        referral=_referral(),
    )  # fmt: skip
    customer["properties"] |= {"warnings": _several("Warning"), "card_url": _TEXT}
    return customer


def _referral() -> Json:
    """Of a programme with `referral`; null else."""
    known = _object(
        code=_MAYBE_TEXT | {"description": "By which they bring friends; null before anything has happened to them."},
        friends=_COUNT, invited=_YES_OR_NO, counts=_YES_OR_NO, refused=_MAYBE_TEXT, why=_MAYBE_TEXT,
    )  # fmt: skip
    return known | {"type": ["object", "null"]}


def _voucher() -> Json:
    voucher = _object(
        code=_TEXT | {"description": "The long form, for a link or a QR. Only for keys with the scope till."},
        short_code=_TEXT | {"description": "The form that is read aloud and typed; likewise."},
        reward=_TEXT, state=_TEXT, issued_at=_MOMENT, expires_at=_MOMENT,
        valid_until={"type": "string", "format": "date"},
    )  # fmt: skip
    voucher["properties"] |= {
        "uses_left": _COUNT, "usable_from": _MOMENT | {"description": "Of one that is usable later than it is given."},
        "worth": _TEXT | {"description": "What it takes off: `5.00 EUR`, `10%`."},
        "rest_minor": _COUNT, "minimum_spend_minor": _COUNT,
        "used": {"type": "array", "items": _object(
            receipt=_TEXT | {"description": "The transaction; empty where the till did not say it."},
            discount_minor=_COUNT, total_minor=_COUNT,
        )},
    }  # fmt: skip
    voucher["required"] = [each for each in voucher["required"] if each not in {"code", "short_code"}]
    return voucher


def _kept_purchase() -> Json:
    """What a customer's ledger keeps of one."""
    return _object(
        purchase=_TEXT | {"description": "BLAKE2b of the transaction_id, with a digest of 8 bytes, in hex."},
        day={"type": "string", "format": "date"}, spend=_COUNT, profit=_COUNT, refunds=_COUNT,
        stamps={"type": "object", "additionalProperties": _COUNT}, counts=_YES_OR_NO, waits_for_review=_YES_OR_NO,
    )  # fmt: skip


def _page(what: str, item: Json, **beside: Json) -> Json:
    """One page of a list."""
    following = _MAYBE_TEXT | {"description": "Send it as `cursor` for what follows; null at the end."}
    return _object(**{what: {"type": "array", "items": item}}, **beside, next=following)


def _redemption() -> Json:
    redemption = _object(status={"type": "string", "enum": ["redeemed", "taken_back", "pending"]}, code=_TEXT)
    redemption["properties"] |= {
        "reward": _TEXT,
        "voucher": _TEXT | {"description": "Of one that was taken back: the voucher's state now."},
        "discount_minor": _COUNT | {"description": "What to take off the receipt."},
        "uses_left": _COUNT | {"description": "How often it can be used again at most, of one with several uses."},
        "rest_minor": _COUNT | {"description": "What is left of an amount that is kept for the next receipt."},
        "location": _TEXT | {"description": "Of one that is pending: where its answer will be."},
        "warnings": _several("Warning"),
    }
    return redemption


def _stamps_by_hand() -> Json:
    count = {"type": "integer"}
    handed = _object(status={"type": "string", "enum": ["given", "taken_back", "pending"]})
    handed["properties"] |= {
        "card": _TEXT,
        "stamps": count | {"description": "How many were given, or taken back."},
        "balance": count | {"description": "Stamps on the card now."},
        "completed": count | {"description": "Cards of this kind that were ever full."},
        "location": _TEXT | {"description": "Of one that is pending: where its answer will be."},
        "warnings": _several("Warning"),
    }
    return handed


def _voided() -> Json:
    """One that was given another code has that in `code`; `pending` has nothing else."""
    voided = _object(status={"type": "string", "enum": ["voided", "reissued", "pending"]})
    voided["properties"] |= {"reward": _TEXT, "code": _TEXT, "short_code": _TEXT}
    return voided


def _tills() -> Json:
    """What `stamgast pos status --json` says of one merchant."""
    maybe_moment = {"type": ["string", "null"], "format": "date-time"}
    unmapped = _object(
        place=_TEXT, count=_COUNT, last_event={"type": "string", "format": "date-time"},
        nearest=_MAYBE_TEXT | {"description": "The store that may be meant."},
        allowed={"type": "array", "items": _TEXT, "description": "The stores of program.yaml."},
        in_connection=_TEXT | {"description": "What to write into `pos/<connection>.yaml`, where it is one of these."},
        in_program=_TEXT | {"description": "What to write into program.yaml, where it is a store of its own."},
    )  # fmt: skip
    row = _object(
        connection=_TEXT, system=_TEXT, merchant=_TEXT, store=_TEXT, last_event=maybe_moment,
        health={
            "type": "string",
            "enum": [each.value for each in Health],
            "description": "quiet: a gap in opening hours beyond this store's own 99th percentile; stale: three times "
            "that, or polling has failed for an hour.",
        },
        cursor=_MAYBE_TEXT, polled_at=maybe_moment, trouble=_MAYBE_TEXT,
        webhooks=_object(seen_at=maybe_moment, made_at=maybe_moment, trouble=_MAYBE_TEXT),
        payments_without_sale={
            "type": ["integer", "null"],
            "description": "Of a payment system beside the till: payments of the last week that fit no sale.",
        },
        unmapped={
            "type": "array",
            "items": unmapped,
            "description": "Places of this connection, of the last thirty days, that are no store of program.yaml.",
        },
    )  # fmt: skip
    return _object(connections={"type": "array", "items": row})


def _day() -> Json:
    """What `stamgast day --json` says of one merchant's day."""
    examples = {"type": "array", "items": {"type": "object", "additionalProperties": _TEXT}}
    found = _object(count=_COUNT, examples=examples)
    return _object(
        merchant=_TEXT, date={"type": "string", "format": "date"}, time_zone=_TEXT,
        purchases=_COUNT, changes=_COUNT, refunds=_COUNT, enrolled=_COUNT,
        messages={"type": "object", "additionalProperties": _COUNT},
        warnings={"type": "object", "additionalProperties": found},
        dead_letters=found,
        waiting_for_review={"type": ["integer", "null"]},
        reckoned_at={"type": "string", "format": "date-time"},
    )  # fmt: skip


def _report() -> Json:
    """What `stamgast report --merchant M --json` says; docs/campaigns.md has what the figures mean."""
    money = _COUNT
    counted = ("sent", "delivered", "read", "replied", "opted_out")
    attributed = _object(purchases=_COUNT, revenue_minor=money, profit_minor=money)
    uplift = _object(per_customer_minor=_FIGURE, low=_FIGURE, high=_FIGURE, verdict=_TEXT)
    side = {"people": _COUNT, "converted": _COUNT, "profit_minor": money}
    variant = _object(
        **dict.fromkeys(counted, _COUNT), **side, attributed=attributed, uplift=uplift,
        cost=_object(messages_minor=money),
    )  # fmt: skip
    rule = _object(
        **dict.fromkeys(("decided", "reached", *counted, "redeemed", "redeemed_on_minor", "held_out"), _COUNT),
        arms=_object(treated=_object(**side), held_out=_object(**side)),
        attributed=attributed,
        uplift=uplift,
        cost=_object(messages_minor=money, rewards_minor=money),
        variants={"type": "object", "additionalProperties": variant},
        **{"return": _FIGURE},
    )
    liability = _object(
        vouchers_minor=money, stamps_minor=money, ran_out_minor=money, expected_redemption=_FIGURE,
        without_cost={"type": "array", "items": _TEXT},
    )  # fmt: skip
    friends = _object(
        invited=_COUNT, friends=_COUNT, counted=_COUNT, taken_back=_COUNT,
        refused={"type": "object", "additionalProperties": _COUNT},
    ) | {"type": ["object", "null"]}  # fmt: skip
    recommendations = _object(
        version=_TEXT, customers=_COUNT, cut=_TEXT, hit_rate=_FIGURE, baseline=_FIGURE, words=_TEXT
    ) | {"type": ["object", "null"]}
    rules = {"type": "object", "additionalProperties": rule}
    budget = _object(
        amount_minor=money, per=_TEXT, when_spent=_TEXT, spent_minor={"type": "object", "additionalProperties": money}
    )
    budgets = {"type": "object", "additionalProperties": budget}
    campaigns = {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}}
    return _object(
        merchant=_TEXT, currency=_TEXT, window_ms=_COUNT, rules=rules, campaigns=campaigns, budgets=budgets,
        liability=liability, prices_known={"type": "boolean"}, referral=friends,
        draws={"type": "object", "additionalProperties": {"type": "object"}}, recommendations=recommendations,
    )  # fmt: skip


def _rules() -> Json:
    by_word: Json = {"type": "object", "additionalProperties": _COUNT}
    counted = dict.fromkeys(("fired", "shadow", "not_in_canary", "too_many", "raised"), _COUNT)
    counts = _object(not_met=by_word, withheld=by_word, **counted)
    rule = _object(merchant=_TEXT, rule=_TEXT, status=_TEXT, sentence=_TEXT, counts=counts)
    return _object(merchant=_TEXT, hash=_TEXT, rules={"type": "array", "items": rule})


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}
