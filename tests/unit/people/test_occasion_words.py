"""What a rule fired for is told in words, and never with a code that somebody could redeem."""

from __future__ import annotations

import pytest

from stamgast.clock.shop_time import parse_time
from stamgast.domain.facts import CARRIES
from stamgast.domain.occasions import VOUCHERS
from stamgast.domain.units import Day
from stamgast.domain.vocabulary import OncePer
from stamgast.people.occasion_words import in_words, without_code

DAY: Day = 20_729
"""3 October 2026."""
SAID = {
    "till1:4711": "till1:4711",
    "card:bread:1-20": "bread cards 1 to 20",
    "card:bread:3": "bread card 3",
    f"quiet:{DAY}": "staying away after 2026-10-03",
    f"quiet:{DAY}-{DAY + 1}": "staying away after 2026-10-03 to 2026-10-04",
    f"expiring:bread:{DAY}": "the bread card without a new stamp since 2026-10-03",
    f"expiring:bread-2:{DAY}-{DAY + 1}": "the bread-2 card without a new stamp since 2026-10-03 to 2026-10-04",
    f"back:{DAY}": "coming back after 2026-10-03",
    f"day:{DAY}": "2026-10-03",
    "week:2026-W40": "week 40 of 2026",
    "month:2026-10": "2026-10",
    "year:2026": "2026",
    "customer": "this customer for good",
    "customer:visits:2": "this customer for good (visit 2)",
    "customer:clv:2000": "this customer for good",
    "customer:category:bread:3": "this customer for good (bread, time 3)",
    f"entered:regulars:{DAY}": "coming into regulars on 2026-10-03",
    f"left:regulars:{DAY}": "leaving regulars on 2026-10-03",
    f"tier:gold:{DAY}": "coming to gold on 2026-10-03",
    "given:1-WKYHBAR3ZKMGMQAM": "being given the voucher …MQAM",
    "ending:1-WKYHBAR3ZKMGMQAM": "the voucher …MQAM about to end",
    "expired:1-WKYHBAR3ZKMGMQAM": "the voucher …MQAM ending unused",
    f"expired:{DAY}:free_loaf": "free_loaf ending unused on 2026-10-03",
    "voucher:1-WKYHBAR3ZKMGMQAM": "the voucher …MQAM",
    f"at:{parse_time('2026-10-01T08:05:00Z')}": "at 2026-10-01 10:05",
    "posted:0ed4f35153ea544c179a4236c3b62ca2": "an event that was posted",
    "answered:visit:0ed4f35153ea544c179a4236c3b62ca2": "an answer to visit",
    "drawn:december": "the draw december",
    "drawn:wheel:0ed4f35153ea544c": "an entry in wheel",
    "friend:cb2ae5s7bn6f3p7mq4x9zz234": "friend cb2ae5s7bn6f3p7mq4x9zz234 buying",
    "invited:purchase": "their own first purchase as a friend",
    "birthday:2026": "the birthday in 2026",
    "anniversary:joined:2": "2 years since joined",
    "spend:12 months:2026": "what was spent in 12 months, in 2026",
    "reply": "something they wrote",
}


@pytest.mark.parametrize(("occasion", "said"), SAID.items())
def test_what_a_rule_fired_for_is_said_in_words(occasion: str, said: str) -> None:
    assert in_words([occasion], "Europe/Amsterdam") == [said]
    assert in_words([without_code(occasion)], "Europe/Amsterdam") == [said]


def test_of_a_vouchers_code_nobody_learns_enough_to_redeem_it() -> None:
    for begins in VOUCHERS:
        assert without_code(f"{begins}1-WKYHBAR3ZKMGMQAM") == f"{begins}…MQAM"
        assert without_code(f"{begins}1F-WKYHBAR3ZKMGMQAM+send:0") == f"{begins}…MQAM+send:0"


def test_every_kind_of_occasion_has_words() -> None:
    kinds = {each.partition(":")[0] for each in SAID}
    by_their_word = {OncePer.DAY, OncePer.WEEK, OncePer.MONTH, OncePer.YEAR, OncePer.CUSTOMER, OncePer.CARD}
    assert {*by_their_word, *(each.rstrip(":") for each in VOUCHERS)} <= kinds
    named = {occasion.partition(":")[0] for occasion, _ in CARRIES.values() if ":" in occasion}
    assert named <= kinds


def test_an_id_of_a_till_that_looks_like_something_else_is_told_as_it_is() -> None:
    for odd in ("card:17", "week:x", "quiet:", "tier:gold", "day:3rd-of-may", "entered:1"):
        assert in_words([odd], "Europe/Amsterdam") == [odd]
