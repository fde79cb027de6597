"""What staff hear of the shop itself: in our own words where the shop has none, in a language that they read."""

from typing import Any

import pytest

from channels.model import SmsText
from channels.prepare import prepare_message
from stamgast.domain.activation import Submission
from stamgast.domain.alert_words import MOST_PARTS
from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.message_words import tells_card
from stamgast.domain.program import Messaging
from stamgast.domain.sms_parts import count_parts
from stamgast.domain.templates import Template
from stamgast.domain.vocabulary import Channel, Reason
from stamgast.identity.records import Profile
from streams.outbox.addressing import Addressed, Told, address
from tests.builders import program

HOUSE = Messaging(senders={Channel.SMS: "+31201234567"})
EVA = "+31687654321"
DATA = {
    "staff": "eva",
    "alert": "rule_paused",
    "about": "win-back",
    "how": "failed",
    "mark": "1",
    "found": 26,
    "of": 100,
}


def alert(template: str = "staff/rule_paused", language: str = "nl", **data: Any) -> Submission:
    return Submission(
        "a1", "shop", STAFF_ROOM, "", template, "utility", "sms", language, 0, 10**9, {**DATA, **data}, staff="eva"
    )


def said(which: Submission, others: int = 0, **of: Any) -> tuple[str, int]:
    """What is sent, and how many parts it may take."""
    found = address(which, program(**({"messaging": HOUSE} | of)), Profile(), "hash", told=Told(EVA, others))
    assert isinstance(found, Addressed)
    assert (found.message.to, found.message.customer) == (EVA, STAFF_ROOM)
    prepared: Any = prepare_message(found.message, 0)
    assert isinstance(found.message.source, SmsText)
    return prepared.body, found.message.source.max_parts


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "regel win-back staat op pauze. 26 van 100 berichten mislukten."),
        ("de", "Regel win-back pausiert. 26 von 100 Nachrichten scheiterten."),
        ("pl", "rule win-back is paused. 26 of 100 messages failed."),
    ],
)
def test_it_is_said_in_the_language_of_whoever_hears_it_and_else_in_english(language: str, text: str):
    body, _ = said(alert(language=language), languages=(language,))
    assert body.endswith(text)


def test_it_may_be_longer_than_the_house_lets_messages_be_and_tells_of_others():
    assert said(alert(), messaging=Messaging(senders={Channel.SMS: "+31201234567"}, max_parts=1))[1] == MOST_PARTS
    body, parts = said(alert(), others=2)
    assert (body.endswith("mislukten. (en nog 2)"), parts) == (True, MOST_PARTS + 1)


def test_the_shops_own_words_go_before_ours():
    own = {"mine": Template("mine", purpose="utility", sms={"nl": "{{ staff.name }}: {{ alert.about }} stopt"})}
    assert said(alert("mine"), templates=own)[0] == "eva: win-back stopt"
    gone = address(alert("mine"), program(), Profile(), "hash", told=Told(EVA))
    assert gone is Reason.NO_TEMPLATE


def test_the_address_of_a_customers_own_card_stands_where_the_words_name_it():
    own = {"look": Template("look", sms={"nl": "Uw kaart: {{ links.card }}"})}
    which = Submission("a1", "shop", "c1", "rule", "look", "utility", "sms", "nl", 0, 10**9, {})
    link = "https://stempels.example/c/aaaa"
    found = address(which, program(messaging=HOUSE, templates=own), Profile(phone=EVA), "hash", card=link)
    assert isinstance(found, Addressed)
    prepared: Any = prepare_message(found.message, 0)
    assert prepared.body == f"Uw kaart: {link}"
    assert tells_card(own["look"])
    assert not tells_card(Template("hello", sms={"nl": "hallo"}))


def test_the_link_to_a_report_is_in_the_message_alone_and_fits_a_short_sms():
    told = alert("staff/month_report", alert="month_report", about="2026-09", how="monthly", mark="2026-09")
    link = "https://loyalty.example.com/report/" + "x" * 126
    found = address(told, program(messaging=HOUSE), Profile(), "hash", told=Told(EVA), link=link)
    assert isinstance(found, Addressed)
    prepared: Any = prepare_message(found.message, 0)
    assert prepared.body.endswith(f"zo ging het in 9/2026: {link}")
    assert count_parts(prepared.body).count == 2
    assert "link" not in told.data
