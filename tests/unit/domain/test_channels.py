"""What a channel is stands once, and one that nobody thought of is an error that names it, nowhere an SMS."""

import ast
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from channels.console import ConsoleChannel
from channels.model import Fault, MalformedWebhookError, Message, Refusal, Sender, SmsText, WebhookRequest
from channels.prepare import prepare_message
from channels.twilio.addresses import PREFIXES, ForeignAddressError, channel_of
from channels.twilio.channel import TwilioChannel
from channels.twilio.signatures import SignatureVerifier, compute_signature
from channels.twilio.webhooks import TwilioWebhooks
from rules.actions import Send
from rules.lint import lint_rules
from stamgast import carriers
from stamgast.domain import channels
from stamgast.domain.activation import RANKS, Submission
from stamgast.domain.channels import SPECS, UnknownChannelError, spec_of
from stamgast.domain.errors import DomainError
from stamgast.domain.events import ActivationOutcome, Replied
from stamgast.domain.program import Messaging
from stamgast.domain.templates import Template
from stamgast.domain.vocabulary import Channel
from stamgast.identity.records import Profile
from stamgast.sandbox.records import StoredMessage
from stamgast.state.identities import IdentityStore
from streams.outbox.addressing import Addressed, address, address_of
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, program, rule
from tests.fakes.in_memory import Owner

NOTHING: Any = SimpleNamespace()
ROOT = Path(__file__).resolve().parents[3]
PHONE = "+31612345678"
TEMPLATE = Template("hello", whatsapp={"nl": "HX" + "0a" * 16}, variables={"1": "x"}, sms={"nl": "Hoi", "en": "Hi"})
SENDERS = Messaging(senders={Channel.SMS: "+3197010200001", Channel.WHATSAPP: "+3197010200002"})
SUBMISSION = Submission("a1", MERCHANT, ANNA, "hello", "hello", "marketing", "sms", "nl", T0, T0 + 1, {})
MESSAGE = Message(
    MERCHANT, "a1", ANNA, "hello", Channel.SMS, PHONE, "nl", {}, SmsText("Hoi"), Sender(from_="+3197010200001"), T0 + 9_000
)  # fmt: skip


@pytest.fixture
def email(monkeypatch: pytest.MonkeyPatch) -> Channel:
    """Somebody has added a member to `Channel`, and nothing else."""
    made_up = str.__new__(Channel, "email")
    made_up._name_, made_up._value_ = "EMAIL", "email"
    monkeypatch.setattr(Channel, "_member_names_", [*Channel._member_names_, "EMAIL"])
    monkeypatch.setitem(Channel._member_map_, "EMAIL", made_up)
    monkeypatch.setitem(Channel._value2member_map_, "email", made_up)
    assert list(Channel)[-1] is Channel("email") is made_up
    return made_up


def test_every_channel_is_specified():
    missing = [channel.name for channel in Channel if channel not in SPECS]
    assert missing == []
    assert all(spec_of(channel.value) is SPECS[channel] for channel in Channel)


def test_a_channel_that_nobody_specified_stops_the_import_and_is_named(email):
    with pytest.raises(AssertionError, match="Channel.EMAIL"):
        runpy.run_path(channels.__file__)


def test_a_word_that_is_no_channel_is_told_with_those_there_are():
    with pytest.raises(UnknownChannelError, match='no channel "email": there are sms, whatsapp'):
        spec_of("email")


@pytest.mark.parametrize(("phone", "country"), [("+31612345678", ""), ("+32470123456", "BE"), ("+33612345678", "")])
def test_a_message_says_its_country_where_that_has_a_price_of_its_own(phone: str, country: str):
    prices = {Channel.SMS: {"NL": 7_500, "BE": 9_100}}
    shop = program(templates={"hello": TEMPLATE}, languages=("nl", "en"), messaging=SENDERS, prices=prices)
    for channel, expected in ((Channel.SMS, country), (Channel.WHATSAPP, "")):
        mine = msgspec.structs.replace(SUBMISSION, channel=channel.value, language="en")
        addressed = address(mine, shop, Profile(phone=phone), "hash")
        assert isinstance(addressed, Addressed)
        assert addressed.message.country == expected


def test_each_channel_has_its_own_sender_and_wording():
    shop = program(templates={"hello": TEMPLATE}, languages=("nl", "en"), messaging=SENDERS)
    for channel, locale in ((Channel.SMS, "en"), (Channel.WHATSAPP, "nl")):
        mine = msgspec.structs.replace(SUBMISSION, channel=channel.value, language="en")
        addressed = address(mine, shop, Profile(phone=PHONE), "hash")
        assert isinstance(addressed, Addressed)
        assert addressed.message.channel is channel
        assert addressed.message.sender == Sender.named(SENDERS.senders[channel])
        assert (addressed.message.locale, addressed.message.to) == (locale, PHONE)


def test_only_a_reply_over_a_channel_with_a_window_opens_one():
    owner = Owner(bundle(program()))
    for channel, opened in (("sms", 0), ("whatsapp", T0)):
        owner.apply(Replied(merchant=MERCHANT, customer=ANNA, at=T0, channel=channel))
        assert owner.state().inbound_at == opened


class TestAMadeUpChannel:
    """Each place that once took whatever was not the one for the other."""

    @pytest.fixture(autouse=True)
    def _added(self, email: Channel) -> None:
        self.email = email

    def test_has_no_wording_in_templates(self):
        with pytest.raises(AssertionError, match="Channel.EMAIL"):
            TEMPLATE.wordings(self.email)

    def test_is_no_address_and_no_message(self):
        with pytest.raises(UnknownChannelError, match="email"):
            address_of(Profile(phone=PHONE), "email")
        with pytest.raises(UnknownChannelError, match="email"):
            address(msgspec.structs.replace(SUBMISSION, channel="email"), program(), Profile(phone=PHONE), "hash")

    def test_is_not_prepared(self):
        with pytest.raises(UnknownChannelError, match="email"):
            prepare_message(replace(MESSAGE, channel=self.email), T0)
        with pytest.raises(UnknownChannelError, match="email"):
            ConsoleChannel().prepare(replace(MESSAGE, channel=self.email), T0)

    def test_is_not_carried_by_twilio(self):
        refusal = TwilioChannel.prepare(NOTHING, replace(MESSAGE, channel=self.email), T0)
        assert refusal == Refusal(Fault.CONFIG, "Twilio carries no email: it carries whatsapp, sms")
        assert self.email not in PREFIXES

    def test_is_carried_by_nobody(self):
        with pytest.raises(AssertionError, match="Channel.EMAIL"):
            carriers.carrier_for(self.email, ConsoleChannel())

    def test_has_no_opt_out_under_a_phone(self):
        with pytest.raises(UnknownChannelError, match="email"):
            IdentityStore.opt_out_key(NOTHING, MERCHANT, "email", PHONE)

    def test_is_not_linted_as_another(self):
        said = Send("hello", ("email",))
        rule = SimpleNamespace(sends=(said,), all_steps=(), id="", condition=None)
        send: Any = SimpleNamespace(rule=rule, tests=())
        send.rule.trigger = SimpleNamespace(card="", awaited=None, voucher=False)
        with pytest.raises(UnknownChannelError, match="email"):
            lint_rules([send], program(templates={"hello": TEMPLATE}))

    def test_opens_no_window(self):
        owner = Owner(bundle(program()))
        with pytest.raises(DomainError, match="email"):
            owner.apply(Replied(merchant=MERCHANT, customer=ANNA, at=T0, channel="email"))

    def test_has_no_price_by_the_message_or_the_part(self):
        costs = replace(program().costs, contact_costs={"email": 8_750})
        owner = Owner(bundle(program(costs=costs), rule("hello", "purchase", Send("hello", ("email",)))))
        owner.apply(consent(channel="email"))
        (sent,) = owner.apply(bought("t1", T0)).submissions
        taken = ActivationOutcome(
            merchant=MERCHANT, customer=ANNA, at=T0, activation=sent.activation, status="sent", rank=RANKS["sent"]
        )
        with pytest.raises(DomainError, match="email"):
            owner.apply(taken)


@pytest.mark.parametrize("sender", ["messenger:100", "rcs:+31612345678", "WhatsApp:+31612345678"])
def test_a_person_who_writes_over_a_channel_that_is_none_of_ours_is_no_sms(sender: str):
    fields = [("MessageSid", "SM1"), ("From", sender), ("To", "+3197010200001"), ("Body", "STOP")]
    signature = compute_signature("token", "https://shop.example/twilio/inbound", fields)
    request = WebhookRequest("/twilio/inbound", "", urlencode(fields).encode(), signature)
    with pytest.raises(MalformedWebhookError, match=f"{sender.partition(':')[0]}: is none of whatsapp, sms"):
        TwilioWebhooks(SignatureVerifier("https://shop.example", ("token",))).parse_inbound(request)


def test_the_sandbox_takes_no_foreign_address_for_an_sms():
    stored = StoredMessage("SM1", "AC1", "inbound", "messenger:100", PHONE, T0, T0, "received")
    with pytest.raises(ForeignAddressError, match="messenger"):
        _ = stored.channel
    assert [channel_of(each) for each in (PHONE, "", "Bakker", f"whatsapp:{PHONE}")] == [
        Channel.SMS, Channel.SMS, Channel.SMS, Channel.WHATSAPP,
    ]  # fmt: skip


def test_nothing_decides_by_comparing_with_one_channel():
    """Whatever is not that one would be treated alike: ask its `ChannelSpec`, or `match` all of them."""
    words_of_program_yaml = "rules/program/messages.py"
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("stamgast", "streams", "rules", "channels")
        for file in (ROOT / package).rglob("*.py")
        if str(file.relative_to(ROOT)) != words_of_program_yaml
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Compare) and any(_names_a_channel(part) for part in ast.walk(node))
    ]
    assert found == []


def _names_a_channel(part: ast.AST) -> bool:
    if isinstance(part, ast.Attribute):
        return isinstance(part.value, ast.Name) and part.value.id == "Channel"
    return isinstance(part, ast.Constant) and part.value in tuple(Channel)
