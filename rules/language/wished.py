"""Words that people look for and that are not there: what to write instead, and never the nearest word that is another.

A word that becomes real needs no change here: what its registry has is never asked about.
"""

from collections.abc import Collection, Mapping
from typing import Final

TRIGGER: Final = "trigger"
CONDITION: Final = "condition"
ACTION: Final = "action"

WISHED: Final[Mapping[str, Mapping[str, str]]] = {
    TRIGGER: {
        "signed_up": "Write `when: joined`.",
        "enrolled": "Write `when: joined`.",
        "first_purchase": "Write `when: {visits_reached: 1}`.",
        "inactive_for": "Write `when: {not_seen_for: 30 days}`.",
        "product_bought": "Write `when: {bought: {product: …}}`.",
        "schedule": "Write `when: {every: {week: monday}}`, or `on` for one date.",
        "cron": 'Write `when: {every: {week: monday, at: "10:00"}}`.',
        "date": "Write `when: {on: 2026-12-05 10:00}`.",
        "feedback_given": "Write `when: {answered: {question: …}}`.",
        "basket_abandoned": "Only purchases are known, and nothing of what was not bought.",
        "abandoned_cart": "Only purchases are known, and nothing of what was not bought.",
        "cart_abandoned": "Only purchases are known, and nothing of what was not bought.",
        "checked_in": "Only purchases are known: `when: purchase`.",
        "points_reached": "Stamps are the points: `when: {stamp_card_reaches: {bread: 5}}`.",
    },
    CONDITION: {
        "last_seen": "Write `if: [{last_visit: {at_least: 30 days}}]`.",
        "time": "Write `if: [{hour: …}]`; hours of messages stand under `timing: send_between`.",
        "basket_value": "Write `if: [{basket_total: {at_least: 25 EUR}}]`.",
        "total": "Write `if: [{basket_total: {at_least: 25 EUR}}]`, or `spend` for all that a customer spent.",
        "gender": "It is not asked, and not known.",
        "city": "Where customers live is not known; `store` says where they buy.",
        "postcode": "Where customers live is not known; `store` says where they buy.",
        "email": "No address is asked for: `by` says over which channels a message goes.",
        "sample": "Write `if: [{percent: 20%}]`.",
        "weather": "The weather is not known.",
        "feedback_score": "Write `if: [{feedback: {at_least: 9}}]`.",
        "discount": "Whether there was a discount is not kept of purchases.",
    },
    ACTION: {
        "give_points": "Stamps are put on a card by `add_stamps: {bread: 2}`.",
        "add_points": "Stamps are put on a card by `add_stamps: {bread: 2}`.",
        "points": "Stamps are put on a card by `add_stamps: {bread: 2}`.",
        "upgrade": "Write `set_tier: gold`, with `for: 1 year` if it is for a time.",
        "tier": "Write `set_tier: gold`, with `for: 1 year` if it is for a time.",
        "notify_staff": "Write `notify: …`, with the name of a template.",
        "alert": "Write `notify: …`, with the name of a template.",
        "email": "Messages go by SMS and WhatsApp: `send: …` with `by: [whatsapp, sms]`.",
        "mail": "Messages go by SMS and WhatsApp: `send: …` with `by: [whatsapp, sms]`.",
        "push": "Messages go by SMS and WhatsApp: `send: …` with `by: [whatsapp, sms]`.",
        "call_webhook": "Other systems read `activations.v1`.",
        "webhook": "Other systems read `activations.v1`.",
        "discount": "A discount is a reward: name it in program.yaml, and `give` it.",
        "untag": "Write `tag: {remove: …}`.",
    },
}
"""Kind of word -> word that is not there -> what to write instead, or why there is none."""


def instead_of(kind: str, word: str, real: Collection[str]) -> str:
    """What to write instead of a word that is wished for; empty for one that is there, or that nobody wishes for."""
    folded = word.casefold().replace("-", "_").replace(" ", "_")
    return "" if folded in real or word in real else WISHED[kind].get(folded, "")


def refusal(kind: str, word: str, real: Collection[str], where: str) -> tuple[str, str]:
    """(what is wrong, what to write instead) with a word that is not there; both empty if nobody wishes for it."""
    instead = instead_of(kind, word, real)
    article = "an" if kind[0] in "aeiou" else "a"
    message = f'there is no "{word}" to write in `{where}`: it is not {article} {kind} yet'
    return (message, instead) if instead else ("", "")
