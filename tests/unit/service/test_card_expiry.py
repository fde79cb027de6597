"""Stamps run out after a warning that arrived, and never else."""

from dataclasses import replace
from itertools import count

import msgspec
import pytest

from stamgast.domain.activation import Submission
from stamgast.domain.card_expiry import last_day
from stamgast.domain.customer import Card
from stamgast.domain.events import OptedOut
from stamgast.domain.message_words import message_variables
from stamgast.domain.till_events import HandReason, StampsHanded, StampsHandedBack, VoucherRedeemed
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.vocabulary import Status
from stamgast.people.shown_card import stamps_on
from stamgast.people.timeline import Happening, Kind, told_of_fact
from stamgast.people.view import show_customer
from stamgast.service.awaited import wanted
from tests.builders import ANNA, MERCHANT, at, bought, changed, consent, sure, taken_back
from tests.fakes.in_memory import Owner
from tests.fakes.lying_cards import EXPIRES, became, bread, pass_until, shop

FIRST = at("2025-10-03T12:00:00")
LAST_DAY = at("2026-10-03T12:00:00")
"""The day that the warning names."""
IDS = count()


def with_stamps(stamps: int = 3, *, agrees: bool = True, owner: Owner | None = None) -> Owner:
    owner = owner or Owner(shop())
    if agrees:
        owner.apply(consent(when=FIRST - DAY))
    for number in range(stamps):
        owner.apply(bought(f"t{number}", FIRST + number))
    return owner


def warned(owner: Owner, status: Status = Status.DELIVERED) -> Submission:
    """Time passes until the warning goes, and arrives."""
    (message,) = pass_until(owner, LAST_DAY - 29 * DAY)
    became(owner, [message], LAST_DAY - 30 * DAY, status)
    return message


def test_stamps_run_out_at_the_end_of_the_day_that_a_warning_named():
    owner = with_stamps()
    message = warned(owner)
    assert (message.data["card"], message.data["expires_on"]) == ("bread", LAST_DAY // DAY)
    pass_until(owner, LAST_DAY + 9 * HOUR)
    assert bread(owner).balance == 3, "it is the last day"
    pass_until(owner, LAST_DAY + 11 * HOUR)
    card = bread(owner)
    assert (card.balance, card.expired, card.warned_at, card.completed) == (0, 3, 0, 0)
    (told,) = [as_line(line) for change in owner.changes for line in change.told if line.became == "expired"]
    assert (told.kind, told.card, told.ordinal, told.before, told.after) == ("stamps", "bread", 1, 3, 0)
    assert told_of_fact(told) == Happening(told.at, Kind.STAMPS_RAN_OUT, "bread", count=3)
    counted = {name: by for name, by in owner.changes[-1].counters.items() if name.startswith("card|")}
    assert counted == {"card|bread|stamps": -3, "card|bread|on|3": -1, "card|bread|ran_out": 3}
    assert owner.state().timers.keys() & {"stamps:bread", "expiring:bread:30"} == set()


@pytest.mark.parametrize("status", [Status.SENT, Status.UNDELIVERED, Status.FAILED, Status.IN_DOUBT])
def test_what_did_not_arrive_warns_nobody(status: Status):
    owner = with_stamps()
    warned(owner, status)
    assert pass_until(owner, LAST_DAY + 2_000 * DAY) == [], "once for as long as none is added"
    assert (bread(owner).balance, bread(owner).warned_at) == (3, 0)


def test_a_message_that_does_not_name_the_day_warns_nobody():
    owner = with_stamps(owner=Owner(shop(words="Kom je nog eens langs? Stop? Antwoord STOP")))
    warned(owner)
    pass_until(owner, LAST_DAY + 100 * DAY)
    assert (bread(owner).balance, bread(owner).warned_at) == (3, 0)


def test_who_said_stop_keeps_their_stamps():
    owner = with_stamps()
    owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=FIRST + DAY, channel="sms"))
    assert pass_until(owner, LAST_DAY + 1_000 * DAY) == []
    assert bread(owner).balance == 3


def test_without_consent_nothing_runs_out():
    owner = with_stamps(agrees=False)
    assert pass_until(owner, LAST_DAY + 400 * DAY) == []
    assert bread(owner).balance == 3


def test_of_those_held_out_nothing_runs_out():
    kept = []
    for name in ("anna", "bram", "cleo", "dirk", "emma", "finn"):
        owner = Owner(shop(more="limits: {hold_out: 50%}\n"))
        owner.apply(consent(name, FIRST - DAY))
        owner.apply(bought("t0", FIRST, customer=name))
        sent = pass_until(owner, LAST_DAY - 29 * DAY, name)
        became(owner, sent, LAST_DAY - 30 * DAY, customer=name)
        pass_until(owner, LAST_DAY + 400 * DAY, name)
        assert owner.state(name).cards["bread"].balance == (0 if sent else 1)
        kept.append(not sent)
    assert set(kept) == {True, False}


@pytest.mark.parametrize("status", ["shadow", "draft", "paused"])
def test_a_rule_that_does_not_speak_takes_nothing(status: str):
    owner = with_stamps(owner=Owner(shop(status=status)))
    assert pass_until(owner, LAST_DAY + 100 * DAY) == []
    owner.bundle = shop(number=2)
    owner.apply(consent(when=LAST_DAY + 100 * DAY, channel="whatsapp"))
    assert len(pass_until(owner, LAST_DAY + 131 * DAY)) == 1, "once it speaks it finds who lay before"


def test_a_warning_that_arrives_late_moves_the_last_day_and_a_read_one_counts_as_well():
    owner = with_stamps()
    (message,) = pass_until(owner, LAST_DAY - 29 * DAY)
    became(owner, [message], LAST_DAY - 5 * DAY, Status.SENT)
    pass_until(owner, LAST_DAY + 3 * DAY)
    became(owner, [message], LAST_DAY + 4 * DAY, Status.READ)
    definition = sure(owner.bundle.program.cards["bread"].expires)
    assert last_day(bread(owner), definition, "Europe/Amsterdam") == LAST_DAY // DAY + 34
    pass_until(owner, LAST_DAY + 34 * DAY)
    assert bread(owner).balance == 3
    pass_until(owner, LAST_DAY + 35 * DAY)
    assert bread(owner).balance == 0


def test_a_new_stamp_ends_it_all_and_the_next_quiet_year_has_a_warning_of_its_own():
    owner = with_stamps()
    warned(owner)
    owner.apply(bought("new", LAST_DAY - 10 * DAY))
    assert bread(owner).warned_at == 0
    assert pass_until(owner, LAST_DAY + 300 * DAY) == []
    assert bread(owner).balance == 4
    assert len(pass_until(owner, LAST_DAY + 330 * DAY)) == 1


def test_a_warning_that_arrives_after_a_new_stamp_warns_of_nothing():
    owner = with_stamps()
    (message,) = pass_until(owner, LAST_DAY - 29 * DAY)
    owner.apply(bought("new", LAST_DAY - 29 * DAY))
    became(owner, [message], LAST_DAY - 29 * DAY + HOUR)
    assert bread(owner).warned_at == 0


def test_a_message_that_waits_for_the_morning_does_not_go_if_a_stamp_came():
    owner = with_stamps()
    night = owner.state().timers["expiring:bread:30"]
    assert pass_until(owner, night) == [], "nobody is written to at midnight"
    owner.apply(bought("new", night + HOUR))
    assert pass_until(owner, night + 20 * DAY) == []


def test_a_sale_of_long_ago_that_is_told_now_is_a_new_stamp():
    owner = with_stamps()
    warned(owner)
    owner.apply(bought("late", FIRST - 20 * DAY, recorded=LAST_DAY - DAY))
    assert (bread(owner).balance, bread(owner).warned_at) == (4, 0)
    pass_until(owner, LAST_DAY + 100 * DAY)
    assert bread(owner).balance == 4


def test_stamps_of_a_till_and_of_rules_are_new_stamps():
    owner = with_stamps()
    warned(owner)
    handed(owner, 1, LAST_DAY - DAY)
    assert (bread(owner).balance, bread(owner).warned_at) == (4, 0)
    pass_until(owner, LAST_DAY + 100 * DAY)
    assert bread(owner).balance == 4


def handed(owner: Owner, stamps: int, when: Millis) -> str:
    name = f"h{next(IDS)}"
    owner.apply(
        StampsHanded(
            merchant=MERCHANT, customer=ANNA, at=when, id=name, card="bread", stamps=stamps, reason=HandReason.FORGOTTEN,
            happened_at=when,
        )
    )  # fmt: skip
    return name


def run_out(owner: Owner) -> Owner:
    warned(owner)
    pass_until(owner, LAST_DAY + DAY)
    assert bread(owner).balance == 0
    return owner


def test_a_refund_of_what_has_run_out_leaves_nobody_owing():
    owner = run_out(with_stamps())
    owner.apply(taken_back(bought("t0", FIRST), LAST_DAY + 2 * DAY))
    assert (bread(owner).balance, bread(owner).expired) == (0, 2)
    owner.apply(bought("new", LAST_DAY + 3 * DAY))
    for name in ("t1", "t2"):
        owner.apply(taken_back(bought(name, FIRST), LAST_DAY + 4 * DAY))
    assert (bread(owner).balance, bread(owner).expired) == (1, 0)
    owner.apply(taken_back(bought("new", LAST_DAY + 3 * DAY), LAST_DAY + 5 * DAY))
    assert bread(owner).balance == 0


def test_stamps_of_a_till_that_ran_out_are_not_taken_back_once_more():
    owner = with_stamps(1)
    handing = handed(owner, 2, FIRST + HOUR)
    run_out(owner)
    when = LAST_DAY + 2 * DAY
    owner.apply(StampsHandedBack(merchant=MERCHANT, customer=ANNA, at=when, id="back", handing=handing))
    assert (bread(owner).balance, bread(owner).expired) == (0, 1)


def test_a_sale_whose_day_is_put_right_brings_nothing_back():
    owner = run_out(with_stamps())
    sold = bought("t0", FIRST)
    moved = changed(sold, LAST_DAY + 2 * DAY, bought("t0", FIRST - DAY).after)
    owner.apply(moved)
    assert (bread(owner).balance, bread(owner).expired) == (0, 3)


def test_full_cards_and_their_vouchers_stay():
    owner = run_out(with_stamps(7))
    card = bread(owner)
    assert (card.balance, card.completed, card.expired) == (0, 1, 2)
    assert [(each.reward, each.state) for each in owner.state().vouchers][:1] == [("loaf", "expired")]
    for number in range(5):
        owner.apply(bought(f"new{number}", LAST_DAY + 2 * DAY + number))
    assert bread(owner).completed == 2


def test_what_is_owed_does_not_run_out():
    owner = with_stamps(5)
    code = owner.state().vouchers[0].code
    owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=FIRST + HOUR, id="q1", code=code))
    owner.apply(taken_back(bought("t0", FIRST), FIRST + 2 * HOUR))
    assert pass_until(owner, LAST_DAY + 100 * DAY) == []
    assert (bread(owner).balance, bread(owner).expired) == (-1, 0)


def test_a_rule_that_begins_late_finds_cards_that_lay_for_years_within_a_month():
    owner = with_stamps(owner=Owner(shop(when="")))
    much_later = FIRST + 1_000 * DAY
    assert pass_until(owner, much_later) == []
    owner.bundle = shop(number=2)
    due = wanted(owner.state(), owner.bundle, much_later)["expiring:bread:30"]
    assert much_later < due <= much_later + 31 * DAY
    owner.apply(consent(when=much_later, channel="whatsapp"))
    (message,) = pass_until(owner, much_later + 32 * DAY)
    told = message.data["expires_on"]
    assert told * DAY >= due + 29 * DAY, "they have the whole time of warning"
    became(owner, [message], due + 10 * HOUR)
    pass_until(owner, due + 30 * DAY)
    assert bread(owner).balance == 3
    pass_until(owner, due + 33 * DAY)
    assert bread(owner).balance == 0


def test_nothing_runs_out_while_the_feed_is_stale():
    owner = with_stamps()
    warned(owner)
    healthy = owner.bundle
    owner.bundle = replace(healthy, program=replace(healthy.program, feed_healthy=False))
    pass_until(owner, LAST_DAY + 20 * DAY)
    assert bread(owner).balance == 3
    owner.bundle = healthy
    pass_until(owner, LAST_DAY + 22 * DAY)
    assert bread(owner).balance == 0


def test_a_shorter_time_that_is_published_later_takes_nothing_before_the_day_that_was_told():
    owner = with_stamps()
    warned(owner)
    pass_until(owner, LAST_DAY - 20 * DAY)
    owner.bundle = shop(expires="expires: {after: 3 months, warned: 5 days}", number=2)
    owner.apply(consent(when=LAST_DAY - 20 * DAY, channel="whatsapp"))
    pass_until(owner, LAST_DAY + 9 * HOUR)
    assert bread(owner).balance == 3
    pass_until(owner, LAST_DAY + 11 * HOUR)
    assert bread(owner).balance == 0


def test_a_programme_without_the_word_takes_nothing_any_more():
    owner = with_stamps()
    warned(owner)
    owner.bundle = shop(when="", expires="", number=2)
    pass_until(owner, LAST_DAY + 100 * DAY)
    assert bread(owner).balance == 3


def test_a_rule_may_warn_earlier():
    owner = with_stamps(owner=Owner(shop(when="{stamps_expiring: {card: bread, before: 60 days}}", expires=EXPIRES)))
    (message,) = pass_until(owner, LAST_DAY - 59 * DAY)
    assert message.data["expires_on"] == LAST_DAY // DAY
    became(owner, [message], LAST_DAY - 59 * DAY)
    pass_until(owner, LAST_DAY + 9 * HOUR)
    assert bread(owner).balance == 3


def test_the_card_says_when_its_stamps_run_out_once_they_do():
    owner = with_stamps()
    program = owner.bundle.program
    card = program.cards["bread"]
    assert stamps_on(owner.state(), card, program, "nl").until == ""
    assert show_customer(ANNA, owner.state(), program, FIRST)["stamps_until"] == {}
    warned(owner)
    assert stamps_on(owner.state(), card, program, "nl").until == "2026-10-03"
    assert show_customer(ANNA, owner.state(), program, FIRST)["stamps_until"] == {"bread": "2026-10-03"}
    pass_until(owner, LAST_DAY + DAY)
    shown = stamps_on(owner.state(), card, program, "nl")
    assert (shown.stamps, shown.until, shown.ran_out) == (0, "", 3)


def test_a_message_says_the_day_as_people_write_it():
    owner = with_stamps()
    message = warned(owner)
    words = message_variables(owner.bundle.program, message.data, "nl")["card"]
    assert (words["stamps"], words["expires_on"]) == ("3", "3/10/2026")


def test_states_from_before_are_read_and_their_stamps_run_out_as_well():
    owner = with_stamps()
    old = msgspec.msgpack.encode(msgspec.to_builtins(bread(owner))[:6])
    card = msgspec.msgpack.decode(old, type=Card)
    state = owner.state()
    state.cards["bread"] = card
    owner.put(state)
    warned(owner)
    pass_until(owner, LAST_DAY + DAY)
    assert bread(owner).balance == 0


def test_a_card_whose_stamps_stay_is_kept_as_it_was_before():
    owner = Owner(shop(when="", expires=""))
    with_stamps(1, owner=owner)
    handed(owner, 2, FIRST + HOUR)
    card = bread(owner)
    assert (card.balance, card.stamped, card.expired, card.expired_day) == (3, 0, 0, 0)
    (kept,) = (value for name, value in owner.ledgers[ANNA].items() if name.startswith(b"s"))
    assert [len(each) for each in msgspec.msgpack.decode(kept)] == [6], "else verify would tell of every one"
