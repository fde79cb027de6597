"""Sections of program.yaml about what customers are worth, and when they stay away."""

from collections.abc import Mapping
from typing import Final

from rules.language.schema_parts import DATES, DURATION, MONEY, POSITIVE, SHARE, choice, one_or_more
from rules.program_keys.key import DATE, NUMBER, Key, yaml
from stamgast.domain.trades import Trade
from stamgast.domain.vocabulary import Channel

_LAPSE: Final[Mapping[str, Key]] = {
    "by": Key(
        "What says that somebody stays away: the purchase `model` in force (so it is where nothing is said), or each "
        "customer's `own_rhythm`.",
        choice(("model", "own_rhythm")),
    ),
    "precision": Key(
        "How sure the shop wants to be: of those who are lapsing such a share never comes again, as far as its own "
        "past tells. 60% where nothing is said. At risk is whoever has left with six tenths of that.",
        SHARE,
    ),
    "risk_alive_below": Key("Instead of `precision`: at risk when the chance to be one still is less.", NUMBER),
    "alive_below": Key("Instead of `precision`: lapsing when it is less than this.", NUMBER),
    "risk_quantile": Key("By own rhythm: at risk when so many of those who come back are back.", NUMBER),
    "quantile": Key("By own rhythm: lapsing when so many are.", NUMBER),
    "lapsed_after": Key("Lapsed after so many times the gap at which somebody is lapsing.", NUMBER),
    "median_gap_days": Key("The usual gap between two visits.", NUMBER),
    "log_sd": Key("How much one customer's gaps differ.", NUMBER),
    "between_sd": Key("How much customers differ from one another.", NUMBER),
    "fallback_days": Key("The gap of those with fewer gaps than `min_gaps`.", NUMBER),
    "min_gaps": Key("Gaps that somebody needs to have a rhythm of their own.", POSITIVE),
}

_COSTS: Final[Mapping[str, Key]] = {
    "margin": Key("What is left of a price without tax.", SHARE),
    "margins": Key("The same for a category.", each=Key("", SHARE)),
    "vat": Key(
        "The tax in prices of which the till tells none: one rate, one for each category (`default` is the rest), or "
        "`till` where it tells it of every line.",
        each=Key("", SHARE),
        or_else={"anyOf": [SHARE, {"const": "till"}]},
    ),
    "acquisition": Key("What it costs to win a customer.", MONEY),
    "acquisition_by_source": Key(
        "The same by where they come from, for ever or from which day on.",
        each=Key("", each=Key("", MONEY), names=DATE["pattern"], or_else=MONEY),
    ),
    "lifespan_years": Key("How long a customer stays, for the simple reckoning.", POSITIVE),
    "contact": Key(
        "What a message costs; an SMS each of its parts.", keys={each.value: Key("", MONEY) for each in Channel}
    ),
}

VALUE: Final[Mapping[str, Key]] = {
    "costs": Key(
        "Margins, and what customers cost: [values](clv.md) count with it.",
        keys=_COSTS,
        example=yaml("""
            costs:
              margin: 55%
              margins: {bread: 62%, coffee: 70%}
              vat: {coffee: 21%, default: 9%}
              acquisition: 2.50 EUR
              acquisition_by_source: {flyer: {2026-01-01: 4 EUR, 2026-06-01: 5.50 EUR}, friend: 0 EUR}
              lifespan_years: 3
              contact: {sms: 0.0875 EUR, whatsapp: 0.1323 EUR}
            """),
    ),
    "clv": Key(
        "How far lifetime value looks ahead.",
        keys={
            "months": Key("Of the value to come.", {"type": "integer", "minimum": 1, "maximum": 120}),
            "discount": Key("A year; money to come is worth less by it.", SHARE),
            "churn_within": Key("How far `churn_probability` looks ahead.", DURATION),
            "season": Key(
                "The trade whose season counts until the shop has shown its own, for which it takes two years; see "
                "[values](clv.md#seasons).",
                choice(tuple(Trade)),
            ),
        },
        example="clv: {months: 24, discount: 8%, churn_within: 90 days, season: clothing}",
    ),
    "lapse": Key(
        "When somebody who stays away is at risk, lapsing and lapsed; see [values](clv.md).",
        keys=_LAPSE,
        example=yaml("""
            lapse:
              precision: 60%
              by: own_rhythm
              risk_quantile: 0.8
              quantile: 0.95
              lapsed_after: 2
              median_gap_days: 30
              log_sd: 0.9
              between_sd: 0.6
              fallback_days: 90
              min_gaps: 2
            """),
    ),
    "closed": Key(
        "Days that count for nobody's staying away.",
        one_or_more(DATES),
        example='closed: ["2026-12-25", "2026-07-20 to 2026-08-02"]',
    ),
    "exchange": Key(
        "What a unit of another currency is worth, always or from which day on.",
        each=Key("", each=Key("", NUMBER), names=DATE["pattern"], or_else=NUMBER),
        names="^[A-Z]{3}$",
        example="exchange: {USD: {2026-01-01: 0.92, 2026-06-01: 0.95}, GBP: 1.15}",
    ),
    "feed": Key(
        "Whether the till is heard.",
        keys={
            "stale_after": Key("After so many open days without a purchase nobody is called absent.", DURATION),
            "by_store": Key(
                "Each store is judged by what is usual for it, and by whether its till can be polled: `feed:` in rules "
                "tells `healthy`, `quiet` and `stale` then, and while a store is stale nobody is called absent.",
                {"type": "boolean"},
            ),
        },
        example="feed: {stale_after: 2 days, by_store: true}",
    ),
}
