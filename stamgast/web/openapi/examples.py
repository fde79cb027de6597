"""Requests, and what answers them: shown in `/openapi.json` and sent to a running web by its test, in this order.

They tell one story of the bakery in `config/merchants`. Ids, codes and moments are another run's, and nothing else is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stamgast.web.openapi.story import (
    CARD_URL,
    CLAIM,
    CLAIMED,
    CODE,
    CUSTOMER,
    DAY,
    EVENT,
    FORMER,
    HANDED,
    HANDED_BACK,
    HANDING,
    KNOWN,
    LAST_PURCHASE,
    MERCHANT,
    MERGER,
    MISTYPED,
    ON_RECEIPT,
    PERSON,
    RECEIPT,
    REDEEMED,
    REDEMPTION,
    REPORT,
    RULES,
    SALE,
    SHORT_CODE,
    TAKEN_BACK,
    TILLS,
    UNVERSIONED_SALE,
    WRONG_SALE,
)

_OF_MERCHANT: Final = {"merchant": MERCHANT}
_OF_CUSTOMER: Final = {"merchant": MERCHANT, "customer": CUSTOMER}
_OF_FORMER: Final = {"merchant": MERCHANT, "customer": FORMER}
_OF_VOUCHER: Final = {"merchant": MERCHANT, "code": CODE}
_OF_HANDING: Final = {"merchant": MERCHANT, "customer": CUSTOMER, "handing": HANDING}
_OF_REDEMPTION: Final = {"merchant": MERCHANT, "code": CODE, "redemption": REDEMPTION}
_KEY: Final = "Idempotency-Key"
_PING: Final = "webhook_id=17"


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its answer. `body` is JSON, or text of another media type; None for none."""

    name: str
    summary: str
    path: Mapping[str, str]
    status: int
    answer: Any
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def _problem(status: int, title: str, kind: str, detail: str, *errors: dict[str, str]) -> dict[str, Any]:
    problem = {"type": f"urn:stamgast:problem:{kind}", "title": title, "status": status, "detail": detail}
    return problem | ({"errors": list(errors)} if errors else {})


def _refused(pointer: str, detail: str, **more: str) -> dict[str, Any]:
    said = "Nothing of the request was accepted. Mend what `errors` lists and send it again."
    error = {"pointer": pointer, "detail": detail, **more}
    return _problem(422, "Unprocessable Content", "invalid", said, error)


_SOME: Final = {
    "accepted": 1,
    "refused": 1,
    "purchases": [
        {"status": 202, "transaction_id": "till1:4711", "customer": CUSTOMER},
        {
            "status": 422,
            "transaction_id": "till1:4712",
            "errors": [
                {
                    "pointer": "/1/price_currency",
                    "detail": "price_currency may not be 'EURO'",
                    "allowed": "an ISO 4217 code in capitals, such as EUR",
                    "nearest": "EUR",
                }
            ],
        },
    ],
}
_UNDECLARED: Final = 'program.yaml declares no event of this name. Did you mean "workshop"? Allowed here: workshop.'
_NO_RULE: Final = (
    "bakkerij-noord has no rule 'tenth-visits'. Did you mean \"tenth-visit\"? "
    "Allowed here: free-loaf, tenth-visit, we-miss-you."
)
_NOBODY_NAMED: Final = (
    "Name somebody: `phone`, `membership_number` or `provider_customer_id`. There is no list of all customers."
)
_NO_CURSOR: Final = "`cursor` is none that was given out: send `next` of the page before, or leave it out."
_MERGED: Final = (
    f"customer {FORMER} was forgotten, or was merged into another: nobody can become them. Nothing was changed."
)
_WITH_EVENTS: Final = "With `events: {workshop: {fields: {topic: [bread, cake], score: number}}}` in program.yaml"

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "getPublicKey": (
        Example(
            "key", "What identifiers are sealed to", _OF_MERCHANT, 200,
            {"merchant": MERCHANT, "public_key": "q7Yt2Jd0cX1mB4nV8sLk5RzWf3HgPo9eUaTi6QyNxE0"},
        ),
    ),
    "enrolCustomer": (
        Example(
            "new", "Somebody new joins, with consent", _OF_MERCHANT, 201,
            {"customer": CUSTOMER, "merchant": MERCHANT, "new": True, "card_url": CARD_URL}, PERSON,
        ),
        Example(
            "known", "The same person again", _OF_MERCHANT, 200,
            {"customer": CUSTOMER, "merchant": MERCHANT, "new": False, "card_url": CARD_URL}, PERSON,
        ),
        Example(
            "mistyped", "A purpose that nobody can have meant", _OF_MERCHANT, 422,
            _refused(
                "/consents/0/purpose", "purpose may not be 'marketting'",
                allowed="marketing, utility", nearest="marketing",
            ), MISTYPED,
        ),
    ),
    "reportPurchases": (
        Example(
            "one", "A loaf of bread", _OF_MERCHANT, 202,
            {"accepted": 1, "purchases": [{"transaction_id": "till1:4711", "customer": CUSTOMER}]}, SALE,
        ),
        Example("some", "Of two one is refused, and why", _OF_MERCHANT, 207, _SOME, [SALE, WRONG_SALE]),
        Example(
            "refused", "A purchase without its version", _OF_MERCHANT, 422,
            _refused("/source_version", "source_version is missing"), UNVERSIONED_SALE,
        ),
    ),
    "reportEvents": (
        Example(
            "one", _WITH_EVENTS, _OF_MERCHANT, 202,
            {"accepted": 1, "events": [{"id": "crm:81", "customer": CUSTOMER}]}, EVENT,
        ),
        Example(
            "undeclared", "An event that program.yaml does not declare", _OF_MERCHANT, 422,
            _refused("/event", _UNDECLARED), EVENT | {"event": "workshp"},
        ),
    ),
    "lookUpCustomer": (
        Example("phone", "Whoever has this phone", _OF_MERCHANT, 200, KNOWN, {"phone": "0612345678"}),
        Example("scanned", "What a till's one field holds", _OF_MERCHANT, 200, KNOWN, {"scanned": "0612345678"}),
        Example(
            "nobody", "Nobody has it", _OF_MERCHANT, 404,
            _problem(404, "Not Found", "no-customer", "bakkerij-noord knows nobody by this."), {"phone": "0687654321"},
        ),
    ),
    "getCustomer": (Example("known", "By the id that enrolment answered", _OF_CUSTOMER, 200, KNOWN),),
    "listCustomers": (
        Example(
            "phone", "Whoever has this phone", _OF_MERCHANT, 200,
            {"customers": [KNOWN], "next": None}, query={"phone": "0612345678"},
        ),
        Example(
            "nobody", "Nobody has it", _OF_MERCHANT, 200,
            {"customers": [], "next": None}, query={"phone": "0687654321"},
        ),
        Example(
            "everybody", "There is no list of everybody", _OF_MERCHANT, 422,
            _problem(422, "Unprocessable Content", "invalid", _NOBODY_NAMED),
        ),
    ),
    "listPurchases": (
        Example("newest", "The last of seven", _OF_CUSTOMER, 200, LAST_PURCHASE, query={"limit": "1"}),
        Example(
            "wrong", "A cursor of nobody's making", _OF_CUSTOMER, 422,
            _problem(422, "Unprocessable Content", "invalid", _NO_CURSOR), query={"cursor": "2"},
        ),
    ),
    "listVouchers": (
        Example("all", "The only one", _OF_CUSTOMER, 200, {"vouchers": KNOWN["vouchers"], "next": None}),
    ),
    "redeemVoucher": (
        Example(
            "redeemed", "The voucher is good", _OF_VOUCHER, 200, REDEEMED,
            {"store": "dok-noord"}, headers={_KEY: "receipt-4713"},
        ),
        Example(
            "used", "Another request for the same voucher", _OF_VOUCHER, 409,
            _problem(409, "Conflict", "not-redeemable", "This voucher is redeemed. Nothing was redeemed now."),
            {"store": "dok-noord"}, headers={_KEY: "receipt-4714"},
        ),
    ),
    "getRedemption": (Example("redeemed", "At the `Location` that was answered", _OF_REDEMPTION, 200, REDEEMED),),
    "takeRedemptionBack": (Example("back", "The sale was called off", _OF_REDEMPTION, 200, TAKEN_BACK),),
    "takeRequestBack": (
        Example(
            "early", "A request that no answer came to", _OF_VOUCHER, 200, TAKEN_BACK,
            headers={_KEY: "receipt-4715"},
        ),
    ),
    "giveStamps": (
        Example(
            "forgotten", "Somebody who had no card with them", _OF_CUSTOMER, 200, HANDED,
            {"card": "bread", "stamps": 2, "reason": "forgotten", "till": "till-1", "operator_id": "o-7"},
            headers={_KEY: "by-hand-1"},
        ),
        Example(
            "unknown", "A card that there is not", _OF_CUSTOMER, 422,
            _refused("/card", 'the programme has no such card. Did you mean "bread"? Allowed here: bread.'),
            {"card": "breed", "reason": "forgotten"}, headers={_KEY: "by-hand-2"},
        ),
    ),
    "getStampsByHand": (Example("given", "At the `Location` that was answered", _OF_HANDING, 200, HANDED),),
    "takeStampsBack": (Example("back", "It was somebody else", _OF_HANDING, 200, HANDED_BACK),),
    "takeStampsRequestBack": (
        Example(
            "early", "A request that no answer came to", _OF_CUSTOMER, 200,
            HANDED_BACK | {"card": "", "stamps": 0, "balance": 0, "completed": 0}, headers={_KEY: "by-hand-3"},
        ),
    ),
    "getDay": (Example("day", "The day of the seventh loaf", {"merchant": MERCHANT, "date": "2026-10-02"}, 200, DAY),),
    "getReport": (
        Example("rule", "One rule", _OF_MERCHANT, 200, REPORT, query={"rule": "tenth-visit"}),
        Example(
            "unknown", "A rule that there is not", _OF_MERCHANT, 404,
            _problem(404, "Not Found", "no-rule", _NO_RULE), query={"rule": "tenth-visits"},
        ),
    ),
    "getRules": (Example("rules", "Shortened to one rule", _OF_MERCHANT, 200, RULES),),
    "makeReceiptToken": (
        Example(
            "token", "For a QR on the receipt", _OF_MERCHANT, 201, {"token": ON_RECEIPT}, {"transaction_id": RECEIPT}
        ),
    ),
    "claimReceipt": (
        Example(
            "claimed", "The receipt was nobody's", _OF_MERCHANT, 200, CLAIMED,
            {"token": ON_RECEIPT, "customer": {"phone": "0612345678"}}, headers={_KEY: "app-81c2"},
        ),
        Example(
            "again", "Somebody else has the same receipt", _OF_MERCHANT, 409,
            _problem(
                409, "Conflict", "already-claimed",
                "This receipt is somebody's already, or somebody's claim of it waits: it is claimed once.",
            ),
            {"transaction_id": RECEIPT, "customer": {"phone": "0612345679"}}, headers={_KEY: "app-81c3"},
        ),
    ),
    "getClaim": (
        Example(
            "claimed", "At the `Location` that was answered", {"merchant": MERCHANT, "claim": CLAIM}, 200, CLAIMED
        ),
    ),
    "deliver": (
        Example(
            "ping", "WooCommerce tries a new webhook out",
            {"merchant": MERCHANT, "system": "woocommerce"}, 200, None, _PING,
        ),
    ),
    "deliverTo": (
        Example(
            "ping", "The same, to one of several connections",
            {"merchant": MERCHANT, "system": "woocommerce", "connection": "webshop"}, 200, None, _PING,
        ),
    ),
    "getTills": (Example("status", "A connection that has told of no sale yet", _OF_MERCHANT, 200, TILLS),),
    "voidVoucher": (
        Example(
            "mistake", "It should not have been given", _OF_VOUCHER, 200,
            {"status": "voided", "reward": "free_loaf", "code": CODE, "short_code": SHORT_CODE},
            {"reason": "mistake", "words": "meant for somebody else"}, headers={_KEY: "desk-12"},
        ),
        Example(
            "over", "A reason of one's own needs a word from the list", _OF_VOUCHER, 422,
            _refused("/reason", "reason input should be 'lost', 'seen', 'mistake', 'fraud' or 'other'"),
            {"reason": "oops"}, headers={_KEY: "desk-13"},
        ),
    ),
    "mergeCustomer": (
        Example("look", "What it would come to", _OF_FORMER, 200, MERGER, {"into": CUSTOMER, "dry_run": True}),
        Example(
            "merge", "Doing it", _OF_FORMER, 200, MERGER | {"merged": True},
            {"into": CUSTOMER, "why": "two phones of one person"}, headers={_KEY: "desk-17"},
        ),
        Example(
            "again", "Asked again, it doubles nothing", _OF_FORMER, 200,
            MERGER | {"merged": True, "purchases": 0, "names": 0},
            {"into": CUSTOMER, "why": "two phones of one person"}, headers={_KEY: "desk-17"},
        ),
        Example(
            "back", "Whoever became another is nobody any more", _OF_CUSTOMER, 409,
            _problem(409, "Conflict", "not-mergeable", _MERGED), {"into": FORMER},
        ),
    ),
    "forgetCustomer": (
        Example(
            "forgotten", "The person asks for it", _OF_CUSTOMER, 200,
            {"customer": CUSTOMER, "erased": True, "identifiers": 2},
        ),
    ),
}  # fmt: skip
"""By the operation's id."""
