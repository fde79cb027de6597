"""What the owner's state gives up when a person is forgotten."""

from stamgast.domain.events import ConsentChanged, Enrolled, Erased, OptedOut
from stamgast.domain.program import Messaging, Window
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import Change
from tests.builders import ANNA, MERCHANT, at, bought, bundle, card, card_rule, consent, hello_rule, program, tag_rule
from tests.builders import taken_back as refunded
from tests.fakes.in_memory import Owner
from tests.message_scenes import fire_timers, outcome, sent

NIGHT = at("2026-10-01 19:30")
MORNING = at("2026-10-01 08:00")
DAYTIME = Messaging(windows={"marketing": Window(540, 1200)}, caps={})


def enrolled(when: int) -> Enrolled:
    return Enrolled(
        merchant=MERCHANT, customer=ANNA, at=when, language="fr", birthday="10-21", acquisition_source="flyer"
    )


def forget(owner: Owner, when: int) -> Change:
    return owner.apply(Erased(merchant=MERCHANT, customer=ANNA, at=when))


def customer_of(*rules, **shop) -> Owner:
    owner = Owner(bundle(program(card(stamps=1), messaging=DAYTIME, **shop), *rules))
    owner.apply(enrolled(MORNING - DAY), consent())
    return owner


def test_what_came_from_the_person_goes_and_the_figures_stay():
    owner = customer_of(tag_rule("regular", "purchase", "regular"))
    owner.apply(bought("t1", MORNING))
    before = owner.state()
    assert (before.language, before.birthday, before.source) == ("fr", "10-21", "flyer")
    assert before.tags == ["regular"]
    change = forget(owner, MORNING + HOUR)
    after = owner.state()
    assert (after.language, after.birthday, after.source) == ("", "", "")
    assert (after.tags, after.consents, after.contacts) == ([], {}, {})
    assert (after.purchases, after.spend, after.visits, after.cards) == (1, before.spend, 1, before.cards)
    assert after.erased_at == MORNING + HOUR
    assert change.counters == {"erased": 1}


def test_what_waits_for_the_morning_does_not_leave():
    owner = customer_of(hello_rule())
    owner.apply(bought("t1", NIGHT))
    forget(owner, NIGHT + HOUR)
    (activation,) = owner.state().activations
    assert (activation.status, activation.reason) == ("suppressed", "erased")
    assert not any(name.startswith("held:") for name in owner.state().timers)
    assert fire_timers(owner, NIGHT + DAY) == []


def test_what_is_queued_is_asked_to_stop_and_nothing_takes_its_place():
    owner = customer_of(hello_rule(by=("sms", "whatsapp")))
    queued = owner.apply(bought("t1", MORNING)).submissions[0].activation
    assert forget(owner, MORNING + MINUTE).cancels == [queued]
    change = owner.apply(outcome(queued, MORNING + 2 * MINUTE, "suppressed", "cancelled"))
    assert (sent(change), list(change.finished)) == ([], [queued])


def test_no_rule_is_asked_any_more_neither_by_a_purchase_nor_by_silence():
    owner = customer_of(hello_rule(), tag_rule("quiet", "lapsing", "quiet", per="quiet_spell"))
    owner.apply(bought("t1", MORNING))
    forget(owner, MORNING + HOUR)
    told = len(owner.state().activations)
    owner.apply(bought("t2", MORNING + DAY))
    for change in fire_timers(owner, MORNING + 400 * DAY):
        assert change.submissions == []
    after = owner.state()
    assert (after.stage, after.tags, len(after.activations)) == ("lapsed", [], told)


def test_an_enrolment_that_crossed_with_it_brings_nothing_back():
    owner = customer_of()
    forget(owner, MORNING)
    granted = ConsentChanged(
        merchant=MERCHANT, customer=ANNA, at=MORNING + 1, purpose="marketing", channel="sms", granted=True
    )
    owner.apply(enrolled(MORNING + 1), granted)
    after = owner.state()
    assert (after.language, after.birthday, after.source, after.consents) == ("", "", "", {})


def test_a_stop_outlives_it():
    owner = customer_of()
    owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=MORNING))
    forget(owner, MORNING + 1)
    assert owner.state().stopped_at == MORNING


def test_a_refund_after_it_still_takes_the_reward_of_its_card_back():
    owner = customer_of(card_rule())
    sale = bought("t1", MORNING)
    owner.apply(sale)
    forget(owner, MORNING + 1)
    owner.apply(refunded(sale, MORNING + HOUR))
    assert [voucher.state for voucher in owner.state().vouchers] == ["withdrawn"]
    assert owner.state().purchases == 0


def test_twice_is_once():
    owner = customer_of()
    forget(owner, MORNING)
    once = owner.states[ANNA]
    assert forget(owner, MORNING).counters == {}
    assert owner.states[ANNA] == once
