"""What is sent is rendered, counted and checked before anything leaves; mistakes are named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.model import Fault, Message, Prepared, Refusal, Sender, SmsText, WhatsAppTemplate
from channels.prepare import prepare_message
from channels.render import variable_complaint, variables_used
from stamgast.domain.sms_parts import transliterate
from stamgast.domain.vocabulary import Channel, Letters

NOW = 1_790_000_000_000
HX = "HX" + "0a" * 16
TEXT = SmsText("Hoi {{ first_name }}, je {{ card }}kaart is vol!\n")

SMS = Message(
    merchant="bakkerij-noord",
    activation="a1",
    customer="c1",
    template="free_loaf",
    channel=Channel.SMS,
    to="+31612345678",
    locale="nl",
    variables={"first_name": "Noor", "card": "Brood"},
    source=TEXT,
    sender=Sender.named("MG" + "1" * 32),
    valid_until=NOW + 3_600_000,
)
WHATSAPP = replace(
    SMS, channel=Channel.WHATSAPP, source=WhatsAppTemplate(HX, {"1": "{{ first_name }}", "2": "{{ card }}"})
)


def refused(message, now=NOW):
    answer = prepare_message(message, now)
    assert isinstance(answer, Refusal)
    return answer


def prepared(message, now=NOW):
    answer = prepare_message(message, now)
    assert isinstance(answer, Prepared), answer
    return answer


def test_an_sms_is_rendered_and_its_parts_are_known_before_sending():
    ready = prepared(SMS)
    assert ready.body == "Hoi Noor, je Broodkaart is vol!"
    assert ready.parts is not None
    assert (ready.parts.encoding, ready.parts.count) == ("gsm7", 1)
    assert ready.validity_seconds == 3600


def test_a_whatsapp_message_is_its_template_and_checked_variables():
    ready = prepared(WHATSAPP)
    assert (ready.body, ready.content_sid) == ("", HX)
    assert ready.content_variables == {"1": "Noor", "2": "Brood"}


def test_a_name_is_text_and_never_a_template_or_markup():
    ready = prepared(replace(SMS, variables={"first_name": "{{ 7*7 }} <b>&", "card": "x"}))
    assert ready.body == "Hoi {{ 7*7 }} <b>&, je xkaart is vol!"


FULL = "{% if customer.first_name %}Dag {{ customer.first_name }}, {% endif %}uw kaart is vol" + " en een brood" * 9


def to(name: str, text: str = FULL, letters: Letters = Letters.PLAIN, most: int = 1) -> Message:
    called = {"first_name": name, "name": f"{name} de Wit"}
    return replace(SMS, variables={"customer": called}, source=SmsText(text, letters, most))


@pytest.mark.parametrize("name", ["Zoë", "Łukasz", "François", "Zoe\u0308", "Ioana-Ștefania", "Đorđe"])
def test_a_name_with_a_letter_of_its_own_takes_no_more_parts_than_any_other(name):
    parts = prepared(to(name)).parts
    assert parts == prepared(to("".join("x" for _ in transliterate(name)))).parts
    assert (parts.encoding, parts.count) == ("gsm7", 1)


def test_letters_stay_where_replacing_them_saves_nothing():
    assert prepared(to("Zoë", "Dag {{ customer.first_name }}!")).body == "Dag Zoë!"
    assert "Zoë" in prepared(to("Zoë", FULL + " \U0001f956", most=3)).body, "the loaf makes it dear anyway"
    assert prepared(to("e\u0301lise", "Dag {{ customer.first_name }}!")).body == "Dag \xe9lise!"


def test_the_merchant_says_which_letters_may_be_replaced():
    text = FULL.replace("uw kaart", "\u2019s kaart")
    assert "Zoe, 's kaart" in prepared(to("Zoë", text)).body
    kept = prepared(to("Zoë", text, Letters.KEEP_NAMES, most=4))
    assert (kept.parts.encoding, "Zoë" in kept.body) == ("ucs2", True)
    assert prepared(to("Noor", text, Letters.KEEP_NAMES)).parts.count == 1
    assert prepared(to("Noor", text, Letters.KEEP, most=4)).parts.encoding == "ucs2"


@pytest.mark.parametrize(("name", "letters"), [("Олена", Letters.PLAIN), ("Zoë", Letters.KEEP_NAMES)])
def test_a_name_that_would_keep_the_message_from_leaving_is_left_out(name, letters):
    ready = prepared(to(name, letters=letters))
    assert ready.body.startswith("uw kaart is vol")
    assert ready.parts.count == 1
    without_default = "Dag {{ customer.first_name }}, uw kaart is vol" + " en een brood" * 8
    assert refused(to(name, without_default, letters)).fault is Fault.TOO_LONG, "there would be a hole in it"


def test_a_missing_variable_is_named_with_its_template_and_locale_but_no_value():
    answer = refused(replace(SMS, variables={"first_name": "Noor"}))
    assert answer.fault is Fault.TEMPLATE
    assert "free_loaf (nl)" in answer.reason
    assert "card" in answer.reason
    assert "Noor" not in answer.reason
    answer = refused(replace(WHATSAPP, variables={"first_name": "Noor"}))
    assert "variable 2" in answer.reason


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (" Noor ", "Noor"),
        ("a\nb", "a b"),
        ("a\tb", "a b"),
        ("Noor" + " " * 15 + "de Wit", "Noor de Wit"),
        ("a\u2028b", "a b"),
    ],
)
def test_white_space_that_meta_refuses_is_tidied(value, sent):
    ready = prepared(replace(WHATSAPP, variables={"first_name": value, "card": "x"}))
    assert ready.content_variables["1"] == sent


@pytest.mark.parametrize("value", ["", "   ", "\n", "x" * 1601])
def test_a_value_that_meta_refuses_is_refused_before_sending(value):
    answer = refused(replace(WHATSAPP, variables={"first_name": value, "card": "x"}))
    assert answer.fault is Fault.TEMPLATE
    assert "free_loaf (nl), variable 1:" in answer.reason
    assert variable_complaint(value.strip(), 1_600) in answer.reason


def test_too_long_a_text_is_refused_with_its_number_of_parts():
    answer = refused(replace(SMS, source=SmsText("ж" * 300, max_parts=2)))
    assert answer.fault is Fault.TOO_LONG
    assert "5 SMS parts" in answer.reason
    assert prepared(replace(SMS, source=SmsText("ж" * 300, max_parts=0)))
    assert refused(replace(SMS, source=SmsText("x" * 1601, max_parts=0))).fault is Fault.TEMPLATE


def test_what_has_expired_is_not_prepared_and_the_validity_is_bounded():
    assert refused(SMS, now=SMS.valid_until).fault is Fault.EXPIRED
    assert refused(SMS, now=SMS.valid_until - 999).fault is Fault.EXPIRED
    assert prepared(SMS, now=SMS.valid_until - 1000).validity_seconds == 1
    assert prepared(replace(SMS, valid_until=NOW + 10**9)).validity_seconds == 36_000


@pytest.mark.parametrize(
    "text",
    [
        "{{ first_name.__class__.__mro__ }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
        "{{ first_name.format_map }}{{ first_name.nothing }}",
        "{% if %}",
        "{{ 1/0 }}",
        "{{ first_name + 1 }}",
        "{% include 'other' %}",
        "{{ range(10000000) | list }}",
        "{{ 'x'" + " | replace('x', 'xx')" * 40 + " }}",
        "{{ '%999999999d' % 1 }}",
        "{{ first_name % 1 }}",
        "{{ 'x' | center(999999999) }}",
        "",
        "   ",
    ],
)
def test_a_template_can_do_no_harm_and_its_mistakes_are_refusals(text):
    answer = refused(replace(SMS, source=SmsText(text)))
    assert "free_loaf (nl)" in answer.reason


def test_channel_source_and_sender_must_fit():
    assert refused(replace(SMS, source=WHATSAPP.source)).fault is Fault.TEMPLATE
    assert refused(replace(WHATSAPP, source=SMS.source)).fault is Fault.TEMPLATE
    assert refused(replace(SMS, sender=Sender())).fault is Fault.CONFIG
    assert refused(replace(WHATSAPP, source=WhatsAppTemplate("HX…"))).fault is Fault.TEMPLATE


def test_the_names_a_template_asks_for_are_known_without_rendering():
    assert variables_used("{% set a = 1 %}{% if vip %}{{ first_name|upper }}{{ a }}{% endif %}") == {
        "vip",
        "first_name",
    }


def test_a_template_may_ask_for_what_stands_under_a_name():
    message = replace(
        SMS, variables={"voucher": {"code": "7Q4K"}, "stamps": 5}, source=SmsText("{{ voucher.code }} {{ 7 - stamps }}")
    )
    assert prepared(message).body == "7Q4K 2"
    answer = refused(replace(message, source=SmsText("{{ voucher.codes }}")))
    assert "codes" in answer.reason
    assert "7Q4K" not in answer.reason


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_people_are_called_a_message_is_prepared_or_refused(name, card):
    variables = {"first_name": name, "card": card}
    for message in (replace(SMS, variables=variables), replace(WHATSAPP, variables=variables)):
        assert isinstance(prepare_message(message, NOW), Prepared | Refusal)
