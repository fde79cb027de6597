"""Sections of program.yaml about the shop: where it is, its cards and rewards, and what it knows of customers."""

from collections.abc import Mapping
from typing import Final

from rules.language.schema_parts import DAYS, DURATION, HOURS, MONEY, POSITIVE, SHARE, SPAN, TEXT, choice, one_or_more
from rules.program_keys.key import COUNTRY, DATE, GOODS, ID, LANGUAGE, WORD, Key, yaml
from stamgast.domain.calendar import WEEKDAYS
from stamgast.domain.own_events import FieldKind
from stamgast.domain.voucher_terms import MOST_USES

_NEIGHBOURS: Final = Key(
    "Countries across the border: a number without a country code may be theirs as well.",
    {"type": "array", "items": COUNTRY},
)

_STORE: Final = Key(
    "A store by its id, as the till tells it.",
    keys={
        "time_zone": Key("Where it is not the merchant's.", {"type": "string"}),
        "region": Key("Where it is not the merchant's.", COUNTRY),
        "neighbours": _NEIGHBOURS,
        "day_start": Key(
            "The hour at which its business day begins: 4 puts a sale at three in the morning on the evening before. "
            "0 where nothing is said.",
            {"type": "integer", "minimum": 0, "maximum": 23},
        ),
    },
    bare=True,
)

_DOUBLE: Final[Mapping[str, Key]] = {
    "weekday": Key("On these days of the week.", one_or_more(choice(WEEKDAYS))),
    "hour": Key("In these hours, the end not included; they may pass midnight.", HOURS),
    "store": Key("In these stores.", one_or_more(TEXT)),
    "category": Key("Only what is bought of these categories gives more.", one_or_more(TEXT)),
    "product": Key("Only what is bought of these products gives more.", one_or_more(TEXT)),
    "times": Key("So many times the stamps; twice else.", {"type": "integer", "minimum": 2, "maximum": 10}),
}
_ONE_DOUBLE: Final = Key("", keys=_DOUBLE).to_schema()

_CARD: Final = Key(
    "A stamp card by its id.",
    keys={
        "stamps": Key("How many fill it.", POSITIVE),
        "names": Key(
            "What people call it, in each language: on their card, at the till, in messages (`card.name`).",
            each=Key("", WORD),
            names=LANGUAGE,
        ),
        "per": Key(
            "What a stamp is for: each `purchase` (so it is where nothing is said), each `item`, or each full amount.",
            {"anyOf": [choice(("purchase", "item")), MONEY]},
        ),
        "minimum_spend": Key("A purchase of less gives no stamp.", MONEY),
        "products": Key("Only lines of these products give stamps.", GOODS),
        "categories": Key("Only lines of these categories give stamps.", GOODS),
        "max_per_day": Key("Stamps that one customer gets in a business day.", POSITIVE),
        "max_per_purchase": Key("Stamps that one purchase gives.", POSITIVE),
        "on_refund": Key(
            "What a refund takes: the stamps, so that the balance may fall `below_zero` (so it is where nothing is "
            "said); the `next_stamps`, while the balance shows zero; or `never` any.",
            choice(("below_zero", "next_stamps", "never")),
        ),
        "reward": Key("What a full card gives by itself, without a rule.", WORD),
        "levels": Key(
            "What it gives on its way, by itself: a reward at so many stamps, which stay on the card.",
            each=Key("", WORD),
            names="^[1-9][0-9]{0,2}$",
        ),
        "welcome": Key("Stamps that whoever joins has at once.", POSITIVE),
        "double": Key(
            "When a purchase gives more stamps, or of which goods: all that is said has to hold. Several as a list, of "
            "which the one that gives most counts.",
            keys=_DOUBLE,
            or_else={"type": "array", "items": _ONE_DOUBLE, "minItems": 1, "maxItems": 10},
        ),
        "expires": Key(
            "When its stamps run out: `after` so long without a new one, and only if a message that says so arrived "
            "`warned` so long before. See [Stamps that run out](#stamps-that-run-out).",
            keys={
                "after": Key("So long after the day of the newest stamp, at the end of a day.", SPAN),
                "warned": Key("So long before that the warning has to arrive; else they run out later.", DAYS),
            },
            needed=("after", "warned"),
        ),
        "valid_for": Key("For how long, where the reward does not say.", DURATION),
        "most_rewards": Key("How often one purchase may fill it.", POSITIVE),
        "starts": Key("The first business day whose purchases stamp it.", DATE),
        "ends": Key("The last one.", DATE),
        "count_history": Key("What was bought before `starts` stamps it as well.", {"type": "boolean"}),
    },
    needed=("stamps",),
)

_REWARD: Final = Key(
    "A reward by its id.",
    keys={
        "names": Key("What people read, in each language.", each=Key("", WORD), names=LANGUAGE),
        "valid_for": Key("How long its voucher holds, to the end of that business day; 30 days else.", DURATION),
        "cost": Key("What it costs the shop: reports count it when it is redeemed.", MONEY),
        "value": Key("What the customer would have paid for it.", MONEY),
        "uses": Key(
            "How often its voucher can be used; once where nothing is said.", {**POSITIVE, "maximum": MOST_USES}
        ),
        "worth": Key(
            "What it takes off a receipt: an amount, or a share of it such as `10%`. The till says what the receipt "
            "comes to, and is told the discount. Of an amount it is also the `cost` and the `value`, where these say "
            "nothing else; at the till it costs what it took off.",
            {"anyOf": [MONEY, SHARE]},
        ),
        "at_most": Key("The most that a share takes off.", MONEY),
        "minimum_spend": Key("It is for receipts of so much and more.", MONEY),
        "usable_after": Key("So long after it is given its voucher can be used: the next visit, say.", DURATION),
        "rest": Key(
            "What becomes of what is left of an amount: it is `lost` (so it is where nothing is said), or `kept` for "
            "the next receipt.",
            choice(("lost", "kept")),
        ),
        "codes": Key(
            "Whose codes its vouchers have: `ours` (so it is where nothing is said), or `imported`, those of a list "
            "that `stamgast vouchers import-codes` brings in. A message waits until its voucher has one; while there "
            "are none an offer is withheld, and what was earned waits.",
            choice(("imported", "ours")),
        ),
    },
    needed=("names",),
)

_PURCHASES: Final[Mapping[str, Key]] = {
    "not_before": Key("What a till dates earlier counts as of today.", DATE),
    "most_rewards": Key("How often one purchase may fill a card.", POSITIVE),
    "review_above": Key(
        "A purchase of more waits until a person has looked at it.",
        keys={
            "pieces": Key("Of one line.", POSITIVE),
            "amount": Key("Of the purchase or a line.", MONEY),
            "per_day": Key(
                "Of one customer on one business day: more wait. Left out, no number is too many.", POSITIVE
            ),
        },
    ),
    "transaction_scope": Key(
        "Within what a till's transaction ids are never used twice.", choice(("merchant", "store", "store_day"))
    ),
    "claims": Key(
        "A receipt that was nobody's and that a customer claims afterwards.",
        keys={
            "within": Key("How long after the sale; 14 days else, 365 at most.", DURATION),
            "per_customer": Key("So many within 24 hours count at once, 5 else; more wait for a person.", POSITIVE),
            "per_operator": Key("The same of one cashier; 30 else.", POSITIVE),
            "per_store": Key("The same in one store; 200 else.", POSITIVE),
        },
    ),
}

_TIERS: Final[Mapping[str, Key]] = {
    "by": Key("What counts.", choice(("spend", "visits"))),
    "in": Key("The span in which it counts, today included; left out: ever. Two years at most.", SPAN),
    "levels": Key("What each level takes, the lowest first.", each=Key("", {"anyOf": [MONEY, POSITIVE]})),
    "downgrade": Key("Where who has it no longer falls to.", choice(("earned", "one_step", "never"))),
    "grace": Key("So long after they had it last.", DURATION),
}

_EVENT: Final = Key(
    "A kind of event by its name.",
    keys={
        "fields": Key(
            "What is told with it.",
            each=Key("", {"anyOf": [choice(kind for kind in FieldKind if kind is not FieldKind.CHOICE), GOODS]}),
        )
    },
    bare=True,
)

_AUDIENCE: Final[Mapping[str, Key]] = {
    "who": Key("Those who meet these conditions.", one_or_more({"$ref": "#/$defs/condition"})),
    "bought": Key(
        "Those who bought it on these days, 430 days back at most.",
        keys={
            "category": Key("A category.", WORD),
            "product": Key("A product's sku.", WORD),
            "from": Key("The first day.", DATE),
            "to": Key("The last day.", DATE),
        },
        needed=("from", "to"),
    ),
    "file": Key("A list in audiences/ beside program.yaml, which is never published.", TEXT),
}
SHOP: Final[Mapping[str, Key]] = {
    "merchant": Key(
        "The id: the folder's name, and part of every address.",
        {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"},
        example="merchant: bakkerij-noord",
    ),
    "name": Key("What customers read.", {"type": "string", "maxLength": 64}, example="name: Bakkerij Noord"),
    "currency": Key("What the shop counts in.", {"type": "string", "pattern": "^[A-Z]{3}$"}, example="currency: EUR"),
    "region": Key("How phone numbers without a country code are read.", COUNTRY, example="region: NL"),
    "neighbours": Key(_NEIGHBOURS.meaning, {"type": "array", "items": COUNTRY}, example="neighbours: [BE, DE]"),
    "nobodys_phones": Key(
        "Telephone numbers that are no customer's: the shop's own, and what cashiers type where nobody says theirs. "
        "Numbers like 0600000000 are nobody's anyway; `usual` stands for those that cashiers usually make up, such as "
        "0612345678 or 0470 12 34 56, of which the operators have given some out.",
        {"type": "array", "items": WORD},
        example='nobodys_phones: [usual, "09 223 45 67"]',
    ),
    "time_zone": Key("The shop's clock.", {"type": "string"}, example="time_zone: Europe/Amsterdam"),
    "languages": Key(
        "Of its messages. The first one speaks to customers whose language is unknown.",
        one_or_more({"type": "string", "pattern": LANGUAGE}),
        example="languages: [nl, fr]",
    ),
    "stores": Key(
        "At least one.",
        each=_STORE,
        names=ID,
        example=yaml("""
            stores:
              dok-noord: {}
              korenmarkt: {time_zone: Europe/Brussels, region: BE, neighbours: [NL], day_start: 4}
            """),
    ),
    "cards": Key(
        "Stamp cards.",
        each=_CARD,
        names=ID,
        example=yaml("""
            cards:
              bread:
                names: {nl: Broodkaart, fr: Carte pain}
                stamps: 7
                per: purchase
                categories: [bread]
                reward: free_loaf
                max_per_day: 2
              lunch: {stamps: 10, levels: {5: next_time}, reward: free_loaf, welcome: 1}
              happy:
                stamps: 8
                double: {weekday: [tuesday, wednesday], hour: "14:00-17:00", store: dok-noord, times: 3}
              slow: {stamps: 12, expires: {after: 12 months, warned: 30 days}}
              sweet: {stamps: 12, per: item, double: [{category: tart}, {product: TART-6, weekday: friday, times: 3}]}
              spend: {stamps: 10, per: 15 EUR, max_per_purchase: 10, on_refund: next_stamps}
              rye:
                stamps: 5
                per: item
                products: [RYE-800]
                minimum_spend: 2.50 EUR
                valid_for: 60 days
                most_rewards: 2
                starts: 2026-10-01
                ends: 2026-12-31
                count_history: true
            """),
    ),
    "rewards": Key(
        "What cards and rules give: a voucher with a code.",
        each=_REWARD,
        names=ID,
        example=yaml("""
            rewards:
              free_loaf:
                names: {nl: Een gratis brood, fr: Un pain gratuit}
                valid_for: 60 days
                cost: 1.10 EUR
                value: 3.50 EUR
              next_time: {names: {nl: Koffie bij het volgende bezoek, fr: Un café}, usable_after: 12 hours}
              five_coffees: {names: {nl: Vijf koffies, fr: Cinq cafés}, uses: 5, cost: 0.40 EUR}
              five_euro: {names: {nl: € 5 tegoed, fr: 5 € de crédit}, worth: 5 EUR, rest: kept}
              ten_percent:
                names: {nl: 10% korting, fr: 10 % de remise}
                worth: 10%
                at_most: 20 EUR
                minimum_spend: 15 EUR
              web_shop: {names: {nl: 10% in de webshop, fr: 10 % en ligne}, codes: imported}
            """),
    ),
    "purchases": Key(
        "What a purchase of this shop may be.",
        keys=_PURCHASES,
        example=yaml("""
            purchases:
              not_before: 2015-01-01
              most_rewards: 20
              review_above: {pieces: 200, amount: 5000 EUR, per_day: 10}
              transaction_scope: store_day
              claims: {within: 7 days, per_customer: 3, per_operator: 20, per_store: 100}
            """),
    ),
    "watch": Key(
        "Products of which it is kept when each customer bought them, and how often, for the condition and the "
        "trigger `bought`.",
        GOODS,
        example="watch: [RYE-800, TART-6]",
    ),
    "tiers": Key(
        "Levels that customers rise to; see [Tiers](#tiers-and-watched-products).",
        keys=_TIERS,
        needed=("levels",),
        example=yaml("""
            tiers:
              by: spend
              in: 12 months
              levels: {silver: 250 EUR, gold: 500 EUR}
              downgrade: one_step
              grace: 30 days
            """),
    ),
    "segments": Key(
        "Conditions under a name; see [Segments](#segments).",
        each=Key("", one_or_more({"$ref": "#/$defs/condition"})),
        names=ID,
        example=yaml("""
            segments:
              regulars: {visits: {at_least: 3}}
              vip: [{segment: regulars}, {spend: {at_least: 500 EUR, in: 12 months}}]
            """),
    ),
    "audiences": Key(
        "Whom campaigns, and rules of the calendar, may be for; see [Audiences](#audiences).",
        each=Key("", keys=_AUDIENCE),
        names=ID,
        example=yaml("""
            audiences:
              often: {who: [{visits: {at_least: 5}}]}
              recall: {bought: {product: RYE-800, from: 2026-09-01, to: 2026-09-30}}
              bakers: {bought: {category: bread, from: 2026-09-01, to: 2026-09-30}}
              invited: {file: invited.csv}
            """),
    ),
    "events": Key(
        "What the shop posts about customers beside purchases; see [Events of your own](#events-of-your-own).",
        each=_EVENT,
        names=ID,
        example="events: {workshop: {fields: {topic: [bread, cake], score: number, paid: amount}}, call: {}}",
    ),
}
