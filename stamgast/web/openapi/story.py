"""What the examples are about: a person, a sale, an event, and what is known after them."""

from typing import Any, Final

MERCHANT: Final = "bakkerij-noord"
CUSTOMER: Final = "cabcdefghijklmnopqrstuvwx"
FORMER: Final = "czyxwvutsrqponmlkjihgfedc"
"""The same person, under another phone."""
CODE: Final = "2-ABCDEFGHIJKLMNOP"
HANDING: Final = "2b9d6e14c07f4a83915e3d6c8a0b7f52"
SHORT_CODE: Final = "0201-2345-6789"
CARD_URL: Final = "https://loyalty.example.com/c/k3w7q2m5v6z4abcdefghijklmnopqrs"
REDEMPTION: Final = "7f3b0c5e9a1d4826b7e05c3f9d2a6814"
RECEIPT: Final = "till1:4720"
ON_RECEIPT: Final = "dGlsbDE6NDcyMA.2Jd0cX1mB4nV8sLk5RzWfw"
CLAIM: Final = "1-c05b8e2f47d1930ab6e4f8127c93d50e"
CLAIMED: Final = {"status": "claimed", "claim": CLAIM, "customer": CUSTOMER, "transaction_id": RECEIPT}
PROGRAMME: Final = "4be1c9d07a352f86e0b97d5a31c48f62d9e07b153ac84f60217de95bc3a8f041"

PERSON: Final = {
    "phone": "0612345678",
    "name": "Noor",
    "language": "nl",
    "consents": [{"purpose": "marketing", "channel": "whatsapp", "wording_version": "2026-1", "source": "till"}],
}
MISTYPED: Final = {
    "phone": "0612345678",
    "consents": [{"purpose": "marketting", "channel": "whatsapp", "wording_version": "2026-1", "source": "till"}],
}
SALE: Final = {
    "transaction_id": "till1:4711",
    "source_version": 1,
    "status": "completed",
    "end_date_time": "2026-10-01T07:42:10Z",
    "store": {"retail_store_id": "dok-noord"},
    "customer": {"phone": "0612345678"},
    "price_currency": "EUR",
    "totals": {"gross_minor": 350},
    "line_items": [{"line_id": "1", "sku": "BROOD", "category": "bread", "quantity": "1", "gross_minor": 350}],
}
WRONG_SALE: Final = SALE | {"transaction_id": "till1:4712", "price_currency": "EURO"}
UNVERSIONED_SALE: Final = {name: value for name, value in SALE.items() if name != "source_version"}
EVENT: Final = {
    "id": "crm:81",
    "event": "workshop",
    "customer": {"phone": "0612345678"},
    "fields": {"topic": "bread", "score": 5},
}
KNOWN: Final = {
    "customer": CUSTOMER,
    "merchant": MERCHANT,
    "purchases": 7,
    "visits": 7,
    "spend": 2450,
    "profit": 1393,
    "refunds": 0,
    "currency": "EUR",
    "stamps": {"bread": 0},
    "stamps_until": {},
    "cards_completed": {"bread": 1},
    "vouchers": [
        {
            "code": CODE,
            "short_code": SHORT_CODE,
            "reward": "free_loaf",
            "state": "open",
            "issued_at": "2026-10-02T08:11:36.460Z",
            "expires_at": "2026-11-01T22:59:59.999Z",
            "valid_until": "2026-11-01",
        }
    ],
    "more_vouchers": {},
    "stage": "active",
    "tier": None,
    "clv": {
        "historic": 1393,
        "simple": 7100,
        "profit": 1393,
        "predicted": None,
        "net": None,
        "acquisition_cost": 250,
        "contact_cost": 0,
        "clv_to_cac": 5.572,
        "earns_its_cost": True,
    },
    "prospects": None,
    "next_timer": "2026-10-05T08:19:29.042Z",
    "joined_at": "2026-10-02T08:11:35.460Z",
    "consents": {"marketing:whatsapp": "2026-10-02T08:11:35.460Z"},
    "topics_left": {},
    "stopped": False,
    "reachable": True,
    "erased": False,
    "tags": [],
    "referral": None,
    "card_url": CARD_URL,
}
LAST_PURCHASE: Final = {
    "purchases": [
        {
            "purchase": "7e071b7016f81941",
            "day": "2026-10-01",
            "spend": 350,
            "profit": 199,
            "refunds": 0,
            "stamps": {"bread": 1},
            "counts": True,
            "waits_for_review": False,
        }
    ],
    "currency": "EUR",
    "next": "MjA3Mjc6N2UwNzFiNzAxNmY4MTk0MQ",
}
MERGER: Final = {
    "customer": FORMER,
    "into": CUSTOMER,
    "purchases": 1,
    "stay_behind": 0,
    "redeemed": 0,
    "open_vouchers": 0,
    "names": 1,
    "consents_lost": [],
    "opts_out": False,
    "merged": False,
}
REDEEMED: Final = {"status": "redeemed", "code": CODE, "reward": "free_loaf"}
TAKEN_BACK: Final = {"status": "taken_back", "code": CODE, "reward": "free_loaf", "voucher": "open"}
HANDED: Final = {"status": "given", "card": "bread", "stamps": 2, "balance": 2, "completed": 1}
HANDED_BACK: Final = HANDED | {"status": "taken_back", "balance": 0}
DAY: Final = {
    "merchant": MERCHANT,
    "date": "2026-10-02",
    "time_zone": "Europe/Amsterdam",
    "purchases": 7,
    "changes": 0,
    "refunds": 0,
    "enrolled": 1,
    "messages": {"suppressed": 1},
    "warnings": {},
    "dead_letters": {"count": 0, "examples": []},
    "waiting_for_review": 0,
    "reckoned_at": "2026-10-02T08:15:00Z",
}
TILLS: Final[dict[str, Any]] = {
    "connections": [
        {
            "connection": "webshop",
            "system": "woocommerce",
            "merchant": MERCHANT,
            "store": "korenmarkt",
            "last_event": None,
            "health": "healthy",
            "cursor": None,
            "polled_at": None,
            "trouble": None,
            "webhooks": {"seen_at": None, "made_at": None, "trouble": None},
            "payments_without_sale": None,
            "unmapped": [],
        }
    ]
}
_NOBODY: Final = {"people": 0, "converted": 0, "profit_minor": 0}
_UNCOMPARED: Final = "nothing to compare with: the rule holds nobody out, or decided nothing yet"
REPORT: Final[dict[str, Any]] = {
    "merchant": MERCHANT,
    "currency": "EUR",
    "window_ms": 604800000,
    "rules": {
        "tenth-visit": {
            "decided": 0,
            "reached": 0,
            "sent": 0,
            "delivered": 0,
            "read": 0,
            "replied": 0,
            "redeemed": 0,
            "redeemed_on_minor": 0,
            "opted_out": 0,
            "held_out": 0,
            "arms": {"treated": _NOBODY, "held_out": _NOBODY},
            "attributed": {"purchases": 0, "revenue_minor": 0, "profit_minor": 0},
            "uplift": {"per_customer_minor": None, "low": None, "high": None, "verdict": _UNCOMPARED},
            "cost": {"messages_minor": 0, "rewards_minor": 0},
            "return": None,
            "variants": {},
        }
    },
    "campaigns": {},
    "budgets": {},
    "liability": {
        "vouchers_minor": 0,
        "stamps_minor": 0,
        "ran_out_minor": 0,
        "expected_redemption": None,
        "without_cost": ["free_loaf"],
    },
    "draws": {},
    "recommendations": None,
    "prices_known": False,
    "referral": None,
}
RULES: Final = {
    "merchant": MERCHANT,
    "hash": PROGRAMME,
    "rules": [
        {
            "merchant": MERCHANT,
            "rule": "free-loaf",
            "status": "live",
            "sentence": "Zodra de kaart bread vol is, en als de klant minstens 3 keer kwam en (het in dok-noord of "
            "korenmarkt was of het dinsdag of woensdag is): geef Een gratis brood en stuur het bericht free_loaf; eens "
            "per kaart, hoogstens een bericht per 7 dagen, samen hoogstens 500 berichten per dag, 10% krijgt ter "
            "vergelijking geen bericht.",
            "counts": {
                "fired": 1,
                "not_met": {},
                "withheld": {"late": 1},
                "shadow": 0,
                "not_in_canary": 0,
                "too_many": 0,
                "raised": 0,
            },
        }
    ],
}
