"""A drawn shop that asks its customers for scores, which tell something of them or nothing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from stamgast.clv.data.state_sample import Live, sample_of_states
from stamgast.domain.conversation import Conversation
from stamgast.domain.customer import Customer
from stamgast.domain.days import decode_days, encode_days
from stamgast.domain.feedback import MOST_SAID
from stamgast.domain.units import DAY, Day

BEGIN: Day = 20_000


def scored_shop(customers: int, days: int, seed: int, *, tells: bool = True, asks: float = 0.4) -> list[Customer]:
    """Draw customers who first come on any of so many days; of their purchases some are followed by a score.

    Who is happy comes twice as often as somebody else, and leaves at one visit in thirty and not in four;
    who they are hangs on the score, if it `tells`.
    """
    chance = np.random.default_rng([seed, days])
    found = []
    for number in range(customers):
        rate, happy = chance.gamma(1.2, 1 / 3.0) / 7, chance.random() < 0.5
        shown = happy if tells else chance.random() < 0.5
        at, came, said = float(chance.uniform(0, days * 0.9)) if number else 0.0, list[Day](), list[tuple[Day, int]]()
        while at < days:
            day = BEGIN + int(at)
            if not came or day > came[-1]:
                came.append(day)
            if chance.random() < asks:
                said.append((day, int(chance.integers(8, 11) if shown else chance.integers(2, 8))))
            if chance.random() < (1 / 30 if happy else 1 / 4):
                break
            at += max(1.0, chance.exponential(1 / (rate * (2 if happy else 1))))
        found.append(customer_of(came, said))
    return found


def customer_of(came: list[Day], said: list[tuple[Day, int]]) -> Customer:
    """Make the state of somebody who came on these days and gave these scores."""
    talk = None
    if said:
        day, score = said[-1]
        talk = Conversation(scores={"visit": (score, day * DAY)}, said=said[-MOST_SAID:])
    return Customer(
        visits=len(came),
        purchases=len(came),
        first_day=came[0],
        last_day=came[-1],
        days=encode_days([(day, 1) for day in came]),
        spend=1_000 * len(came),
        profit=300 * len(came),
        conversation=talk,
    )


def live_of_shop(states: list[Customer], as_of: Day) -> Live:
    """Summarise them as a fit does at the end of a day."""
    found = sample_of_states([(f"{number:05}", state) for number, state in enumerate(states)], as_of, "EUR")
    assert found is not None
    return found


def scored_csv(states: list[Customer]) -> str:
    """Write what they bought and said as a CSV of purchases."""
    lines = ["customer,date,amount,score"]
    for number, state in enumerate(states):
        said = dict(state.conversation.said) if state.conversation is not None else {}
        lines += [
            f"{number:05},{date(1970, 1, 1) + timedelta(days=day)},10.00,{said.get(day, '')}"
            for day, _ in decode_days(state.days)
        ]
    return "\n".join(lines) + "\n"
