"""How far a partition is with a campaign, by what was said of it."""

from typing import Any

from stamgast.domain.campaign_events import AudienceFixed, CampaignDone, CampaignPlace, CampaignStarted, CampaignStopped
from stamgast.state.campaign_marks import (
    LISTED,
    MOST_KEPT,
    MOST_LISTED,
    STOPPING,
    WALKING,
    CampaignMark,
    after,
    campaign_of,
    decode_campaign,
    encode_campaign,
    list_of,
    rule_of,
)
from tests.builders import MERCHANT, T0

ABOUT: dict[str, Any] = {"merchant": MERCHANT, "customer": "", "at": T0, "rule": "call"}
STARTED = CampaignStarted(
    **ABOUT, occasion=T0, audience="buyers", size=5, places=(CampaignPlace(2), CampaignPlace(3, 7, 9))
)
STOPPED = CampaignStopped(**ABOUT, occasion=T0)
NAME = (MERCHANT, campaign_of("call", T0))


def done(how: Any, looked: int = 3, matched: int = 2) -> CampaignDone:
    return CampaignDone(**ABOUT, occasion=T0, how=how, looked=looked, matched=matched)


def marks(*events: Any) -> dict[Any, CampaignMark]:
    known: dict[Any, CampaignMark] = {}
    for offset, event in enumerate(events):
        known = after(event, 1, 20 + offset, known)
    return known


def test_a_start_tells_each_partition_its_own_place():
    assert marks(STARTED)[NAME] == CampaignMark(T0, WALKING, "buyers", 5, CampaignPlace(3, 7, 9), 20)
    assert rule_of(NAME[1]) == "call"


def test_a_start_that_is_told_again_begins_nothing_anew():
    assert marks(STARTED, done("walked"), STARTED) == marks(STARTED, done("walked"))


def test_a_walk_that_ends_is_told_with_its_figures():
    mark = marks(STARTED, done("walked"))[NAME]
    assert (mark.how, mark.looked, mark.matched) == ("walked", 3, 2)


def test_what_is_stopped_is_called_off_first_whether_its_walk_was_at_the_end_or_not():
    assert marks(STARTED, STOPPED)[NAME].how == STOPPING
    assert marks(STARTED, done("walked"), STOPPED)[NAME].how == STOPPING
    crossed = marks(STARTED, STOPPED, done("walked"))[NAME]
    assert (crossed.how, crossed.looked) == (STOPPING, 3)
    ended = marks(STARTED, done("walked"), STOPPED, done("stopped", 9, 9))[NAME]
    assert (ended.how, ended.looked, ended.matched) == ("stopped", 3, 2)
    assert marks(STARTED, STOPPED, done("stopped"), STOPPED)[NAME].how == "stopped"


def test_what_is_said_of_a_campaign_that_nobody_knows_changes_nothing():
    assert marks(STOPPED, done("walked")) == {}


def test_of_those_that_ended_the_newest_are_remembered():
    known: dict[Any, CampaignMark] = {}
    for number in range(MOST_KEPT + 30):
        about = ABOUT | {"occasion": T0 + number}
        known = after(CampaignStarted(**about), 0, number, known)
        known = after(CampaignDone(**about, how="walked"), 0, number, known)
    assert len(known) == MOST_KEPT + 1
    assert min(mark.occasion for mark in known.values()) == T0 + 29


def test_a_mark_is_read_as_it_was_written():
    [mark] = marks(STARTED, done("walked")).values()
    assert decode_campaign(encode_campaign(mark)) == mark
    assert encode_campaign(CampaignMark()) == ""


def listed(rule: str, occasion: int) -> AudienceFixed:
    about = ABOUT | {"rule": rule, "occasion": occasion}
    return AudienceFixed(**about, audience="invited", size=3, places=(CampaignPlace(), CampaignPlace(3, 5)))


def test_the_newest_list_of_a_rule_counts_in_whatever_order_they_come_and_campaigns_push_none_out():
    known = marks(
        listed("party", T0 + 1), STARTED, listed("party", T0 + 3), listed("party", T0 + 2), listed("fair", T0)
    )
    [party, fair] = (list_of(known, (MERCHANT, rule)) for rule in ("party", "fair"))
    assert party is not None
    assert (party.occasion, party.how, party.place.first) == (T0 + 3, LISTED, 5)
    assert fair is not None
    assert list_of(known, (MERCHANT, "call")) is None
    for number in range(MOST_KEPT + 5):
        about = ABOUT | {"occasion": T0 + 10 + number}
        known = after(CampaignStarted(**about), 0, number, known)
        known = after(CampaignDone(**about, how="walked"), 0, number, known)
    assert list_of(known, (MERCHANT, "party")) == party
    for number in range(MOST_LISTED + 5):
        known = after(listed(f"r{number}", T0 + 100 + number), 1, number, known)
    assert sum(mark.how == LISTED for mark in known.values()) == MOST_LISTED
