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
        "joined": "Greet at the first visit: `when: {visits_reached: 1}`.",
        "signed_up": "Greet at the first visit: `when: {visits_reached: 1}`.",
        "enrolled": "Greet at the first visit: `when: {visits_reached: 1}`.",
        "first_purchase": "Write `when: {visits_reached: 1}`.",
        "spend_reached": "Write `when: purchase` with `if: [{spend: {at_least: 100 EUR}}]` and `once_per: customer`.",
        "not_seen_for": "Write `when: lapsing`: it goes by each customer's own rhythm; see `lapse` in program.yaml.",
        "inactive_for": "Write `when: lapsing`: it goes by each customer's own rhythm; see `lapse` in program.yaml.",
        "birthday": "Birthdays are not known yet. `visits_reached` celebrates something that is.",
        "anniversary": "Anniversaries are not counted yet. `visits_reached: 50` celebrates a regular as well.",
        "reward_given": "Write the trigger that gives it, and `give` and `send` in the same rule.",
        "reward_expires_in": "Say the end in the message that gives it: `{{ voucher.valid_until }}`.",
        "reward_redeemed": "Thank at the next purchase: `when: purchase`.",
        "reward_expired": "Say the end in the message that gives it: `{{ voucher.valid_until }}`.",
        "bought": "Write `when: purchase` with `if: [{basket_has: {category: bread}}]`.",
        "product_bought": "Write `when: purchase` with `if: [{basket_has: {product: …}}]`.",
        "tier_changed": "Write `when: {clv_passed: 150 EUR}` or `visits_reached`, and give a tag.",
        "entered": "A segment is a tag: give it in one rule, with the trigger that makes somebody part of it.",
        "left": "A segment is a tag: take it away in the rule that knows: `tag: {remove: …}`.",
        "event": "Events of your own are not taken in yet.",
        "every": "Nothing goes by the calendar yet: rules answer what customers do, and their silence (`lapsing`).",
        "schedule": "Nothing goes by the calendar yet: rules answer what customers do, and their silence (`lapsing`).",
        "cron": "Nothing goes by the calendar yet: rules answer what customers do, and their silence (`lapsing`).",
        "date": "Nothing goes by the calendar yet: rules answer what customers do, and their silence (`lapsing`).",
        "replied": "Answers are kept (`stamgast customer replies`); rules do not listen to them yet.",
        "feedback_given": "Feedback is not asked for yet.",
        "referred": "Who brings a friend is not known yet.",
        "drawn": "There are no draws yet.",
        "basket_abandoned": "Only purchases are known, and nothing of what was not bought.",
        "checked_in": "Only purchases are known: `when: purchase`.",
        "points_reached": "Stamps are the points: `when: {stamp_card_reaches: {bread: 5}}`.",
    },
    CONDITION: {
        "last_visit": "Write `stage`, such as `stage: [lapsing, lapsed]`.",
        "last_seen": "Write `stage`, such as `stage: [lapsing, lapsed]`.",
        "hour": "Hours of messages stand under `timing: send_between`; a purchase's hour cannot be asked for yet.",
        "time": "Hours of messages stand under `timing: send_between`; a purchase's hour cannot be asked for yet.",
        "date": "Publish the rule when it begins and set `status: paused` when it ends; `weekday` asks for the day.",
        "basket_total": "A card with a `minimum_spend` counts such purchases: use its `stamp_card_reaches: {card: 1}`.",
        "basket_value": "A card with a `minimum_spend` counts such purchases: use its `stamp_card_reaches: {card: 1}`.",
        "total": "A card with a `minimum_spend` counts such purchases: use its `stamp_card_reaches: {card: 1}`.",
        "bought": "`basket_has` asks about the purchase at hand; to remember one, give a tag at it.",
        "tier": "There are no tiers yet: `clv` and `visits` ask for what makes one.",
        "stamps": "Write the trigger `stamp_card_reaches: {bread: 5}`.",
        "has_reward": "Whether a voucher is open cannot be asked for yet.",
        "tag": "Tags are given and shown; a condition cannot ask for them yet.",
        "language": "A message speaks each customer's language by itself, from templates/<language>/.",
        "source": "Where customers came from is in `stamgast clv segments --by source`; rules cannot ask for it yet.",
        "age": "The age of customers is not known.",
        "gender": "It is not asked, and not known.",
        "city": "Where customers live is not known; `store` says where they buy.",
        "postcode": "Where customers live is not known; `store` says where they buy.",
        "email": "No address is asked for: `by` says over which channels a message goes.",
        "joined": "`visits` says how often somebody came.",
        "consent": "Nobody gets a message without consent: it need not be asked for.",
        "segment": "There are no named segments yet: write its conditions here.",
        "last_message": "Write `limits: {cool_down: 7 days}`; `caps` in program.yaml hold for all rules.",
        "percent": "Write `status: canary 5%`, or `limits: {hold_out: 10%}`.",
        "sample": "Write `status: canary 5%`, or `limits: {hold_out: 10%}`.",
        "weather": "The weather is not known.",
        "feedback_score": "Feedback is not asked for yet.",
        "discount": "Whether there was a discount is not kept of purchases.",
    },
    ACTION: {
        "add_stamps": "Stamps come from purchases alone: `per` and `minimum_spend` of a card say for what.",
        "give_points": "Stamps come from purchases alone: `per` and `minimum_spend` of a card say for what.",
        "points": "Stamps come from purchases alone: `per` and `minimum_spend` of a card say for what.",
        "set_tier": "There are no tiers yet: give a tag, such as `tag: vip`.",
        "notify": "Staff cannot be told by a rule yet: `tag` the customer, and look at `customer show`.",
        "notify_staff": "Staff cannot be told by a rule yet: `tag` the customer, and look at `customer show`.",
        "wait": "A message waits by `timing: {if_outside: wait}`; a second one later is a rule of its own.",
        "email": "Messages go by SMS and WhatsApp: `send: …` with `by: [whatsapp, sms]`.",
        "mail": "Messages go by SMS and WhatsApp: `send: …` with `by: [whatsapp, sms]`.",
        "push": "Messages go by SMS and WhatsApp: `send: …` with `by: [whatsapp, sms]`.",
        "ask": "A question can stand in a message; `stamgast customer replies` shows the answers.",
        "enter_draw": "There are no draws yet: `give` a reward instead.",
        "recommend": "What somebody may like next is not reckoned yet.",
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
