"""Where a word belongs that stands in the wrong place of a rule."""

from collections.abc import Collection
from typing import Final

from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.triggers import TRIGGERS

_INSTEAD: Final = {
    "active": "Write `status: live`, or `status: paused`.",
    "enabled": "Write `status: live`, or `status: paused`.",
    "if_not": "Write `if: [{none: [ … ]}]`.",
    "unless": "Write `if: [{none: [ … ]}]`; what calls off a message stands beside its `send`.",
    "repeat": "Write `once_per: month`, or let the calendar set it off: `when: {every: week}`.",
    "schedule": "Write `when: {every: {week: monday}}`, or `on` for one date.",
    "cron": "Write `when: {every: {week: monday}}`, or `on` for one date.",
    "template": "Write `then: [{send: …}]`.",
    "message": "Write `then: [{send: …}]`.",
    "text": "The words of a message stand in templates/<language>/<template>.j2: `then: [{send: <template>}]`.",
    "sms": "Write `then: [{send: …, by: [sms]}]`.",
    "whatsapp": "Write `then: [{send: …, by: [whatsapp]}]`.",
    "expires": "Write `ends: 2026-12-31` for the rule, or `valid_for: 30 days` beside `give`.",
}
"""Words that are looked for beside `rule:` -> what to write instead."""


def where_it_belongs(word: str, rule: Collection[str], limits: Collection[str], timing: Collection[str]) -> str:
    """What to write instead of a word of another place; empty for one that belongs nowhere.

    `rule`, `limits` and `timing` are the words of these.
    """
    folded = word.casefold().replace("-", "_").replace(" ", "_")
    if folded in _INSTEAD:
        return _INSTEAD[folded]
    places = (
        (limits, "Write it under `limits`: `limits: {{{0}: …}}`."),
        (timing, "Write it under `timing`: `timing: {{{0}: …}}`."),
        (CONDITIONS.words, "It is a condition: `if: [{{{0}: …}}]`."),
        (ACTIONS.words, "It is an action: `then: [{{{0}: …}}]`."),
        (TRIGGERS.words, "It is a trigger, and stands after `when`."),
        (rule, "Write it beside `rule`, at the left."),
    )
    return next((how.format(folded) for words, how in places if folded in words), "")
