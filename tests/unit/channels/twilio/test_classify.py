"""What an answer proves about a submission: anything that is not proof is doubt."""

import json
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.model import Fault, Outcome
from channels.twilio.classify import classify_exchange
from channels.twilio.client import Exchange
from stamgast.domain.vocabulary import Treatment


def answered(status, payload=None, text=None, **headers):
    return Exchange(status=status, headers=httpx.Headers(headers), text=json.dumps(payload) if text is None else text)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        httpx.ConnectError(str(ssl.SSLCertVerificationError("bad certificate"))),
    ],
)
def test_what_failed_before_a_connection_was_made_may_be_tried_again(error):
    result = classify_exchange(Exchange(error=error))
    assert (result.outcome, result.treatment) == (Outcome.NOT_SENT_RETRY, Treatment.RETRY_NOW)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("gone"),
        httpx.DecodingError("gzip"),
        TimeoutError(),
    ],
)
def test_what_failed_on_a_connection_is_in_doubt(error):
    result = classify_exchange(Exchange(error=error))
    assert result.outcome is Outcome.IN_DOUBT
    assert result.treatment is Treatment.NONE


@pytest.mark.parametrize("status", [301, 307, 408, 500, 502, 503, 504, 599])
def test_an_answer_that_says_neither_yes_nor_no_is_in_doubt(status):
    assert classify_exchange(answered(status, {"code": 20500})).outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize("text", ["", "{}", "[]", "<html>", '{"sid": null}', '{"sid": 7}', '{"sid": ""}'])
def test_a_yes_without_a_name_is_in_doubt(text):
    assert classify_exchange(answered(201, text=text)).outcome is Outcome.IN_DOUBT


def test_no_answer_at_all_is_in_doubt():
    assert classify_exchange(Exchange()).outcome is Outcome.IN_DOUBT


def test_an_accepted_message_keeps_its_names_but_no_personal_data():
    payload = {"sid": "SM1", "status": "accepted", "to": "+31612345678", "body": "Hoi Noor", "num_segments": "0"}
    result = classify_exchange(answered(201, payload))
    assert (result.outcome, result.provider_id, result.status) == (Outcome.ACCEPTED, "SM1", "accepted")
    assert result.raw == {"sid": "SM1", "status": "accepted", "num_segments": "0"}


@pytest.mark.parametrize(
    ("header", "pause"), [({}, None), ({"Retry-After": "3"}, 3000), ({"Retry-After": "Mon, 01 Jan 2035"}, None)]
)
def test_throttling_is_not_a_submission(header, pause):
    result = classify_exchange(answered(429, {"code": 20429}, **header))
    assert (result.outcome, result.fault, result.retry_after) == (Outcome.NOT_SENT_RETRY, Fault.THROTTLED, pause)


@pytest.mark.parametrize(
    ("status", "code", "fault", "treatment"),
    [
        (400, 21610, Fault.OPT_OUT, Treatment.OPT_OUT),
        (400, 21211, Fault.BAD_NUMBER, Treatment.BAD_NUMBER),
        (400, 99999, Fault.UNKNOWN, Treatment.PERMANENT),
        (400, 21408, Fault.CONFIG, Treatment.FALLBACK),
        (403, None, Fault.CONFIG, Treatment.CONFIG),
    ],
)
def test_a_refusal_is_final_and_classed_by_the_table(status, code, fault, treatment):
    result = classify_exchange(answered(status, {"code": code}))
    assert (result.outcome, result.fault, result.treatment) == (Outcome.REJECTED, fault, treatment)


def test_a_refusal_of_the_sender_itself_is_no_submission_where_the_carrier_says_so_by_its_own_code():
    result = classify_exchange(answered(401, {"code": 20003}))
    assert (result.outcome, result.fault, result.treatment) == (
        Outcome.NOT_SENT_RETRY,
        Fault.CONFIG,
        Treatment.CONFIG,
    )


@given(st.integers(100, 599), st.text(max_size=50))
def test_only_429_lets_an_answered_post_be_repeated(status, text):
    outcome = classify_exchange(answered(status, text=text)).outcome
    assert (outcome is Outcome.NOT_SENT_RETRY) == (status == 429)
    assert outcome is not Outcome.ACCEPTED
