"""What Twilio refuses at once, the sandbox refuses at once, with the same code."""

import json

import pytest

from stamgast.sandbox.records import Records
from stamgast.sandbox.refusals import TwilioRefusalError
from stamgast.sandbox.validation import check_message, is_phone

MG = "MG" + "1" * 32
HX = "HX" + "0a" * 16
GOOD = {"To": "+31612345678", "MessagingServiceSid": MG, "Body": "hoi"}
WHATSAPP = {"To": "whatsapp:+31612345678", "From": "whatsapp:+3197010200001", "ContentSid": HX}


@pytest.mark.parametrize(
    ("form", "code", "status"),
    [
        (GOOD | {"To": ""}, 21604, 400),
        (GOOD | {"To": "+316"}, 21211, 400),
        (GOOD | {"To": "whatsapp:0612345678"}, 21211, 400),
        (GOOD | {"MessagingServiceSid": "MG1"}, 21701, 404),
        ({"To": GOOD["To"], "Body": "hoi"}, 21603, 400),
        ({"To": GOOD["To"], "Body": "hoi", "From": "whatsapp:+3197010200001"}, 21910, 400),
        ({"To": GOOD["To"], "Body": "hoi", "From": "A name much too long"}, 21212, 400),
        ({"To": GOOD["To"], "Body": "hoi", "From": "12345678901"}, 21212, 400),
        (GOOD | {"Body": ""}, 21602, 400),
        (GOOD | {"Body": "x" * 1601}, 21617, 400),
        (GOOD | {"ValidityPeriod": "0"}, 30012, 400),
        (GOOD | {"ValidityPeriod": "36001"}, 30012, 400),
        (GOOD | {"ValidityPeriod": "soon"}, 30012, 400),
        (WHATSAPP | {"ContentSid": "HX1"}, 21655, 400),
    ],
)
def test_a_message_that_twilio_refuses(form, code, status):
    with pytest.raises(TwilioRefusalError) as caught:
        check_message(form, Records())
    assert (caught.value.code, caught.value.status) == (code, status)
    assert set(caught.value.as_json()) == {"code", "message", "more_info", "status"}


@pytest.mark.parametrize(
    "variables",
    ["{", "[]", '"x"', '{"1": ""}', '{"1": " "}', '{"1": 7}', '{"1": null}', '{"1": "a\\nb"}', '{"1": "a\\tb"}',
     '{"1": "a     b"}', '{"a key": "x"}', '{"' + "k" * 17 + '": "x"}', json.dumps({"1": "x" * 1601}), "[" * 100_000],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_variables_that_meta_refuses(variables):
    with pytest.raises(TwilioRefusalError) as caught:
        check_message(WHATSAPP | {"ContentVariables": variables}, Records())
    assert caught.value.code == 21656


def test_what_is_right_passes():
    assert check_message(GOOD, Records()) == {}
    assert check_message(GOOD | {"MessagingServiceSid": "", "From": "Bakkerij"}, Records()) == {}
    assert check_message(WHATSAPP | {"ContentVariables": '{"1": "Noor"}'}, Records()) == {"1": "Noor"}


def test_a_number_that_said_stop_is_refused_at_once_only_for_that_sender():
    records = Records()
    records.opted_out.add(("+31612345678", "+3197010200001"))
    sms = {"To": "+31612345678", "Body": "hoi"}
    with pytest.raises(TwilioRefusalError) as caught:
        check_message(sms | {"From": "+3197010200001"}, records)
    assert caught.value.code == 21610
    assert check_message(sms | {"From": "+3197010200002"}, records) == {}
    assert check_message(GOOD, records) == {}


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("+31612345678", True),
        ("+32470123456", True),
        ("+316123", False),
        ("31612345678", False),
        ("+0", False),
        ("", False),
    ],
)
def test_numbers(number, right):
    assert is_phone(number) is right
