"""JSON Schema of the typed words that appear in many places."""

from collections.abc import Iterable

from rules.language.registry import Schema
from stamgast.domain.budgets import Per, WhenSpent

DURATION: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,6} ?(minute|hour|day|week)s?$",
    "description": 'A length of time, such as "30 days".',
}
DAYS: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,6} ?(day|week)s?$",
    "description": 'A number of whole days, such as "30 days" or "6 weeks".',
}
SPAN: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,3} (day|week|month|year)s?$",
    "description": 'A span of time that ends now, such as "12 months"; two years at most.',
}
MONEY: Schema = {
    "type": "string",
    "pattern": "^(([A-Z]{3}|[€£]) ?[0-9][0-9., '\u2019]*|[0-9][0-9., '\u2019]* ?([A-Z]{3}|[€£]))$",
    "description": 'Amount and currency, such as "12.50 EUR".',
}
PERCENT: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,3} ?%$",
    "description": 'A whole percentage, such as "10%".',
}
SHARE: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,3}([.,][0-9]{1,2})? ?%$",
    "description": 'A percentage, such as "9%" or "12.5%".',
}
RATE: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,9} per ([0-9]{1,3} )?(day|week)s?$",
    "description": 'How often at most, such as "2 per 7 days".',
}
HOURS: Schema = {
    "type": "string",
    "pattern": "^[0-9]{2}:[0-9]{2} ?- ?[0-9]{2}:[0-9]{2}$",
    "description": 'Hours of one day, such as "09:00-20:00".',
}
DATES: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}( to [0-9]{4}-[0-9]{2}-[0-9]{2})?$",
    "description": 'A day, or days such as "2026-12-20 to 2027-01-02".',
}
PER_DAY: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,9} per (1 )?day$",
    "description": 'Such as "500 per day".',
}
BUDGET: Schema = {
    "anyOf": [
        {
            "type": "string",
            "pattern": f"{MONEY['pattern'][:-1]}( per ({'|'.join(Per)}))?$",
        },
        {
            "type": "object",
            "properties": {
                "amount": MONEY,
                "per": {"type": "string", "enum": list(Per)},
                "when_spent": {"type": "string", "enum": list(WhenSpent)},
            },
            "required": ["amount"],
            "additionalProperties": False,
        },
    ],
    "description": 'Such as "200 EUR per month"; without `per` it is for all time.',
}
TEXT: Schema = {"type": ["string", "number"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
POSITIVE: Schema = {"type": "integer", "minimum": 1}


def one_or_more(item: Schema) -> Schema:
    """A single value or a list of them."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def choice(words: Iterable[str]) -> Schema:
    """One of a closed set of words."""
    return {"type": "string", "enum": list(words)}


def bounds(item: Schema) -> Schema:
    """`at_least`, `at_most`, `more_than`, `less_than`."""
    names = ("at_least", "at_most", "more_than", "less_than")
    return {
        "type": "object",
        "properties": dict.fromkeys(names, item),
        "additionalProperties": False,
        "minProperties": 1,
    }
