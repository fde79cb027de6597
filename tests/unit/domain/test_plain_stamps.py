"""Stamps that are added the plain way leave the card as the long way does."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.card_expiry import Expires
from stamgast.domain.customer import Card
from stamgast.domain.program import CardDefinition
from stamgast.domain.spans import Span
from stamgast.domain.stamps import add_plainly, move_balance, move_day
from stamgast.domain.vocabulary import StepKind
from tests.builders import card


class NothingKept:
    """Of a card without a daily cap nothing is looked up."""

    def __getattr__(self, name: str) -> None:
        raise AssertionError(name)


cards = st.builds(
    Card,
    balance=st.integers(-3, 9),
    completed=st.integers(0, 3),
    day=st.integers(0, 3),
    day_raw=st.integers(0, 4),
    gaps=st.sampled_from(([], [[1, 1]])),
    warned_at=st.sampled_from((0, 0, 5)),
    by_day=st.sampled_from((None, None, b"\x01")),
)
definitions = st.builds(
    lambda size, cap, expires: card("bread", size, max_per_day=cap, expires=expires),
    st.integers(1, 10),
    st.sampled_from((None, None, None, 2)),
    st.sampled_from((None, None, None, Expires(Span(months=6), 14))),
)


@given(cards, definitions, st.integers(0, 4), st.integers(1, 5))
def test_the_plain_way_and_the_long_way_lead_to_one_card(had: Card, definition: CardDefinition, day: int, by: int):
    plain, long = deepcopy(had), deepcopy(had)
    if not add_plainly(plain, definition, day, by):
        assert plain == had, "nothing is done"
        return
    past = NothingKept()
    steps = move_balance(long, definition, move_day(long, definition, day, by, past), past)  # type: ignore[arg-type]
    assert plain == long
    assert [(step.kind, step.before, step.after) for step in steps] == [(StepKind.STAMPED, had.balance, plain.balance)]


def test_a_stamp_on_a_card_that_it_does_not_fill_is_added_the_plain_way():
    assert add_plainly(Card(balance=1), card("bread", 3), 5, 1)
    assert not add_plainly(Card(balance=2), card("bread", 3), 5, 1)
