"""The small job itself, shared by everybody who carries it: what one purchase does to one customer's state.

A purchase is dropped if its id is among the customer's last eight; otherwise it moves the running count, spend,
profit, first and last time and a card of ten stamps. A full card and every 500 euro of spend are a message.
Needs msgspec only: the peers' processes import this from an environment of their own.
"""

from __future__ import annotations

from typing import Any

import msgspec

STAMPS = 10
LEVEL = 50_000
REMEMBERED = 8

State = list[Any]
"""count, spend, profit, stamps, cards, first, last, recent ids: a plain list, which every peer can store."""


class Purchase(msgspec.Struct, gc=False):
    """What the job needs of a purchase."""

    event_id: str
    customer: str
    amount: int
    cost: int
    at: int


decode_purchase = msgspec.json.Decoder(Purchase).decode
decode_state = msgspec.msgpack.Decoder().decode
encode_state = msgspec.msgpack.Encoder().encode
_encode = msgspec.json.Encoder().encode


def fresh() -> State:
    """The state of a customer nobody has heard of."""
    return [0, 0, 0, 0, 0, 0, 0, []]


def apply(state: State, event_id: str, amount: int, cost: int, at: int) -> tuple[int, int] | None:
    """Change the state; answers the number of the completed card and the level reached (0: none), if any."""
    recent = state[7]
    if event_id in recent:
        return None
    if len(recent) >= REMEMBERED:
        del recent[0]
    recent.append(event_id)
    before = state[1]
    spend = state[1] = before + amount
    state[0] += 1
    state[2] += amount - cost
    card = level = 0
    if state[3] == STAMPS - 1:
        state[3] = 0
        card = state[4] = state[4] + 1
    else:
        state[3] += 1
    if spend // LEVEL > before // LEVEL:
        level = spend // LEVEL
    state[5] = state[5] or at
    state[6] = at
    return (card, level) if card or level else None


def messages(customer: str, cause: str, reached: tuple[int, int], spend: int) -> list[bytes]:
    """What is said about it, as JSON."""
    card, level = reached
    said = []
    if card:
        said.append(_message(customer, cause, "card", card, spend, "stamp_card_complete"))
    if level:
        said.append(_message(customer, cause, "level", level, spend, "spend_level"))
    return said


def _message(customer: str, cause: str, kind: str, number: int, spend: int, template: str) -> bytes:
    return _encode(
        {
            "customer": customer,
            "kind": kind,
            "number": number,
            "spend": spend,
            "cause": cause,
            "template": template,
            "channel": "sms",
        }
    )
