"""Sections of program.yaml about messages, and about what rules may do and earn by them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rules.language.schema_parts import DURATION, HOURS, MONEY, POSITIVE, RATE, SHARE, choice, one_or_more
from rules.program_keys.key import COUNTRY, ID, LANGUAGE, WORD, Key, yaml
from stamgast.domain.alerts import AlertKind
from stamgast.domain.preferences import Fills
from stamgast.domain.vocabulary import Channel, IfUnproven, Letters, Purpose

_TEMPLATE: Final = Key(
    "A message by its id. Its SMS stands in `templates/<language>/<id>.j2`.",
    keys={
        "purpose": Key(
            "`marketing` (so it is where nothing is said) needs consent and room under the caps of marketing; "
            "`utility` is about what the customer did or owns.",
            choice(Purpose),
        ),
        "whatsapp": Key(
            "The approved content in each language, by its ContentSid.",
            each=Key("", {"type": "string", "pattern": "^HX[0-9a-fA-F]{32}$"}),
            names=LANGUAGE,
        ),
        "variables": Key(
            "What stands for each number of the approved content: a word such as `voucher.code`, or a text with words.",
            each=Key("", WORD),
            names="^[1-9][0-9]?$",
        ),
        "if_unproven": Key(
            "What becomes of a message that the carrier never answered for.",
            choice(IfUnproven),
        ),
    },
    bare=True,
)

_MESSAGING: Final[Mapping[str, Key]] = {
    "sms_sender": Key(
        "Who sends SMS: a number with its country code, a messaging service (MG…), or a name of at most 11 letters, "
        "which nobody can answer.",
        {"type": "string"},
    ),
    "whatsapp_sender": Key("Who sends over WhatsApp: a number, or a messaging service.", {"type": "string"}),
    "send_between": Key(
        "Hours of the customer's store in which messages may go out, within 08:00-21:00; a rule may only be stricter.",
        keys={purpose.value: Key("", HOURS) for purpose in Purpose},
    ),
    "caps": Key(
        "How many messages one customer gets at most, all rules and channels together.",
        keys={purpose.value: Key("", one_or_more(RATE)) for purpose in Purpose},
    ),
    "give_up_after": Key("A message whose rule says nothing of it is not sent any more after so long.", DURATION),
    "letters": Key(
        "What becomes of letters that make an SMS dearer: sent `plain` where that saves a part, `keep_names`, `keep`.",
        choice(Letters),
    ),
    "max_parts": Key("Parts that an SMS may take.", {"type": "integer", "minimum": 1, "maximum": 10}),
}

_OFF: Final = {"const": False}
_ALERT: Final = Key(
    "",
    keys={
        "to": Key("Who hears of it, by their names in `staff`; all of them else.", one_or_more({"type": "string"})),
        "template": Key("In which words, instead of ours: `alert.about`, `alert.why`, `staff.name`.", WORD),
    },
    or_else=_OFF,
)
_LAUNCH: Final[Mapping[str, Key]] = {
    "watch_for": Key("How long a launch is watched.", DURATION),
    "at_least": Key("Messages before shares say anything.", POSITIVE),
    "opt_outs": Key("Paused when more than this say STOP.", SHARE),
    "failures": Key("Paused when more than this fail.", SHARE),
    "volume": Key("Paused when so many times the number of the backtest go in a day.", POSITIVE),
    "spend": Key("Paused when its messages have cost more.", MONEY),
}

_STAFF: Final = Key(
    "Somebody by a name; it stands on topics, so a role will do.",
    keys={
        "phone": Key(
            "With the country and without spaces. `publish` seals it: it is on no topic in the clear.",
            {"type": "string", "pattern": r"^(\+[1-9][0-9]{6,14}|sealed\.[A-Za-z0-9_-]{20,200})$"},
        ),
        "language": Key(
            "One of `languages`; the first where nothing is said.", {"type": "string", "pattern": LANGUAGE}
        ),
        "hours": Key("When they may be told, 08:00-21:00 else; what comes later waits, for two days at most.", HOURS),
        "per_hour": Key(
            "How much they are told in an hour, 6 else; the rest is told in one message of the next.",
            {"type": "integer", "minimum": 1, "maximum": 60},
        ),
    },
    needed=("phone",),
)

_QUESTION: Final = Key(
    "A question by its id.",
    keys={
        "template": Key("The message that asks it; no other question is asked by the same one.", WORD),
        "answer": Key(
            "A `score` from 0 to 10; a `date`, or `text`, of which only is known that it came; or options, each with "
            "the words that mean it in any language. An option's number, in their order, means it too, and so does a "
            "button.",
            {
                "anyOf": [
                    choice(("score", "text", "date")),
                    {"type": "object", "additionalProperties": {"anyOf": [{"type": "null"}, one_or_more(WORD)]}},
                ]
            },
        ),
        "closes_after": Key("What comes later is no answer to it; 3 days else.", DURATION),
        "again_after": Key("Nobody is asked again before.", DURATION),
        "complaint": Key(
            "A score of so much or less is a complaint; 6 else.", {"type": "integer", "minimum": 0, "maximum": 10}
        ),
        "fills": Key(
            "What the answer fills in of the person: a `birthday` (of a `date`), a `first_name` (of `text`), a "
            "`language` (of options that are languages), or `tags` (each option that is named is one). Nobody is asked "
            "again within a year, unless `again_after` says otherwise, nor for what is known.",
            choice(Fills),
        ),
        "pause_after_complaint": Key("So long a complaint holds marketing to the customer.", DURATION),
    },
    needed=("template", "answer"),
)

_TOPIC: Final = Key(
    "A topic by its id: what customers leave with `STOP <word>` and come back to with `START <word>`.",
    keys={
        "words": Key(
            "What it is called in each language of the programme. Answers use the first; all are heard.",
            each=Key("", one_or_more(WORD)),
            names=LANGUAGE,
        ),
        "purpose": Key("It is all messages of this purpose;", choice(Purpose)),
        "templates": Key("or these.", one_or_more(WORD)),
    },
    needed=("words",),
)

_JOIN: Final = Key(
    "A code by which somebody joins who writes `JOIN <code>`: small letters and digits.",
    keys={
        "wording": Key("Version of the words that stand beside it: whoever sends it agrees to these.", WORD),
        "source": Key("Source of acquisition of whoever is new; the code where nothing is said.", WORD),
        "purposes": Key("What they agree to; `marketing` where nothing is said.", one_or_more(choice(Purpose))),
        "store": Key("Where it hangs; it stands in the proof.", WORD),
        "language": Key(
            "Of whoever is new, unless the word they write says another.", {"type": "string", "pattern": LANGUAGE}
        ),
        "topics": Key("The topics that it is about: whoever is new has left the others.", one_or_more(WORD)),
        "welcome": Key("Template whose text answers them, inside the window; the house's own words else.", WORD),
        "confirm": Key(
            "Ask them, and enrol whoever answers `YES`, `JA` or `OUI` (double opt-in).", {"type": "boolean"}
        ),
    },
    needed=("wording",),
)

MESSAGES: Final[Mapping[str, Key]] = {
    "templates": Key(
        "Messages; see [Templates](#templates).",
        each=_TEMPLATE,
        names=ID,
        example=yaml("""
            templates:
              free_loaf:
                purpose: utility
                whatsapp:
                  nl: HX0d4c8b2a6f1e4d3c9b7a5e2f8c6d4b0a
                  fr: HX7b5d3f1a9c2e4b6d8f0a3c5e7b9d1f2c
                variables: {"1": voucher.name, "2": "{{ customer.first_name or 'klant' }}"}
                if_unproven: send_again
              we_miss_you: {purpose: marketing}
              stamps_run_out: {purpose: utility}
              budget_spent: {purpose: utility}
            """),
    ),
    "messaging": Key(
        "Who sends, when, and how much at most. In hours and numbers rules can only be stricter.",
        keys=_MESSAGING,
        example=yaml("""
            messaging:
              sms_sender: "+31970105678"
              whatsapp_sender: "+31970105678"
              send_between: {marketing: "10:00-20:00", utility: "08:00-21:00"}
              caps: {marketing: [1 per day, 2 per 7 days], utility: 3 per day}
              give_up_after: 48 hours
              letters: keep_names
              max_parts: 2
            """),
    ),
    "questions": Key(
        "What `ask` asks, one at a time; see [answered](#answered) and [feedback](#feedback).",
        each=_QUESTION,
        names=ID,
        example=yaml("""
            questions:
              visit:
                template: we_miss_you
                answer: score
                closes_after: 3 days
                again_after: 8 weeks
                complaint: 6
                pause_after_complaint: 14 days
              interest: {template: free_loaf, answer: {bread: brood, cake: [taart, gâteau]}, fills: tags}
            """),
    ),
    "topics": Key(
        "What customers may leave one by one; `STOP` alone ends all. See [what customers write](conversation.md).",
        each=_TOPIC,
        names=ID,
        example=yaml("""
            topics:
              offers: {templates: [we_miss_you], words: {nl: [aanbiedingen], fr: [promos]}}
              advertising: {purpose: marketing, words: {nl: folder, fr: dépliant}}
            """),
    ),
    "join": Key(
        "Codes by which somebody joins who writes `JOIN <code>`; see [what customers write](conversation.md#join).",
        each=_JOIN,
        names="^[a-z0-9]{2,20}$",
        example=yaml("""
            join:
              korenmarkt:
                wording: poster-2026-1
                source: poster
                purposes: [marketing, utility]
                store: korenmarkt
                language: nl
                topics: offers
                welcome: we_miss_you
                confirm: true
            """),
    ),
    "prices": Key(
        "What messages cost, by channel and country; an SMS each of its parts.",
        keys={channel.value: Key("", each=Key("", MONEY), names=COUNTRY["pattern"]) for channel in Channel},
        example="prices: {sms: {NL: 0.0875 EUR, BE: 0.091 EUR}, whatsapp: {NL: 0.1323 EUR}}",
    ),
    "freshness": Key(
        "What is older changes figures and sends nothing.",
        keys={
            "purchases": Key("Between a sale and the news of it; 2 hours else.", DURATION),
            "timers": Key("Between a moment and its being noticed; 3 days else.", DURATION),
        },
        example="freshness: {purchases: 4 hours, timers: 2 days}",
    ),
    "launch": Key(
        "What pauses a rule by itself after its launch; see [campaigns](campaigns.md).",
        keys=_LAUNCH,
        example="launch: {watch_for: 3 days, at_least: 50, opt_outs: 3%, failures: 25%, volume: 3, spend: 50 EUR}",
    ),
    "staff": Key(
        "Whom `notify` tells something; see [what staff are told](#what-staff-are-told).",
        each=_STAFF,
        names=ID,
        example='staff: {manager: {phone: "+31612345678", language: nl, hours: "08:00-18:00", per_hour: 6}}',
    ),
    "alerts": Key(
        "What staff are told about the shop itself, and who of them: all of it and all of them where nothing is said. "
        "`false` switches one off, or all. See [what staff are told](#what-staff-are-told).",
        keys={
            AlertKind.RULE_PAUSED.value: replace(
                _ALERT, meaning="A trip wire paused a rule, or it rests for a fault until the next `publish`."
            ),
            AlertKind.BUDGET_SPENT.value: replace(_ALERT, meaning="A budget is spent; one that only warns, too."),
            AlertKind.SEGMENT_FELL.value: replace(
                _ALERT,
                keys={**_ALERT.keys, "only": Key("Which tags and sources; all of them else.", one_or_more(WORD))},
                meaning="The customers of a tag or source are worth less than three times what winning them cost, "
                "and were not before.",
            ),
            AlertKind.FEED_STALE.value: replace(
                _ALERT,
                meaning="No purchase came in for longer than `feed: stale_after`, or in a store for three times what "
                "is usual there; once, until some do.",
            ),
            AlertKind.CONNECTION_FAILS.value: replace(
                _ALERT,
                meaning="A system of tills calls Stamgast no more (also once that was mended), or could not be polled "
                "for an hour.",
            ),
            AlertKind.FEED_DOWN.value: replace(
                _ALERT, meaning="Another system took nothing of a feed for ten minutes, or wants nothing more."
            ),
            AlertKind.MONTH_REPORT.value: replace(
                _ALERT,
                meaning="A month is over: a link to its report on one page, good for 60 days, from nine in the morning "
                "of the first on. Nobody gets it whom `to` does not name.",
            ),
            AlertKind.CODES_LOW.value: replace(
                _ALERT, meaning="A tenth of a reward's own codes is left (`codes: imported`), and once none is."
            ),
            AlertKind.SENDER_REFUSED.value: replace(
                _ALERT,
                meaning="The carrier refuses the sender of a channel: wrong credentials, or a sender that is not "
                "registered. Where that is the SMS itself, they hear of it once it is mended, within two days.",
            ),
        },
        or_else=_OFF,
        example=yaml("""
            alerts:
              rule_paused: {to: [manager]}
              budget_spent: {to: [manager], template: budget_spent}
              segment_fell: {only: [regular, flyer]}
              feed_stale: {to: [manager]}
              sender_refused: {to: [manager]}
              month_report: {to: [manager]}
              connection_fails: {to: [manager]}
              feed_down: {to: [manager]}
              codes_low: {to: [manager]}
            """),
    ),
    "measure": Key(
        "What a rule earned.",
        keys={"window": Key("So long after a decision or a message a purchase counts; 7 days else.", DURATION)},
        needed=("window",),
        example="measure: {window: 14 days}",
    ),
}
