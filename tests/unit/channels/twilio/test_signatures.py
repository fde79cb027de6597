"""Only what Twilio signed for our public address is believed."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels.model import MalformedWebhookError, WebhookRefusedError, WebhookRequest
from channels.twilio.signatures import SignatureVerifier, compute_signature, parse_form

TOKEN = "12345"
# Published by Twilio: tests of its SDK (MIT) and its documentation "Validating Signatures from Twilio".
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
DOCUMENTED = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+12349013030"),
    ("To", "+18005551212"),
    ("Caller", "+12349013030"),
]
REPEATED = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
PUBLISHED = [
    ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", DOCUMENTED, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),  # signed with :443
    ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),  # signed with :80
]


def request_of(url, fields, signature, body=None):
    parts = urlsplit(url)
    return WebhookRequest(parts.path, parts.query, urlencode(fields).encode() if body is None else body, signature)


def public_of(url):
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.mark.parametrize(("url", "fields", "signature"), PUBLISHED)
def test_the_published_signatures_are_accepted_and_near_misses_refused(url, fields, signature):
    verifier = SignatureVerifier(public_of(url), [TOKEN])
    assert verifier.verify(request_of(url, fields, signature)) == fields
    for wrong in (
        request_of(url, [*fields, ("Extra", "1")], signature),
        request_of(url + "&x=1", fields, signature),
        request_of(url.replace("myapp.php", "myapp.php/"), fields, signature),
        request_of(url, fields, signature[:-2] + "A="),
        request_of(url, fields, signature.lower()),
    ):
        with pytest.raises(WebhookRefusedError):
            verifier.verify(wrong)


@pytest.mark.parametrize("port", [80, 443, 1234, 8443])
def test_a_signature_counts_with_and_without_the_port_as_in_twilios_own_library(port):
    url = f"https://shop.example:{port}/twilio/status?x=1"
    verifier = SignatureVerifier(f"https://shop.example:{port}", [TOKEN])
    for signed in (url, "https://shop.example/twilio/status?x=1"):
        signature = RequestValidator(TOKEN).compute_signature(signed, dict(CALL))
        assert RequestValidator(TOKEN).validate(url, dict(CALL), signature)
        assert verifier.verify(request_of(url, CALL, signature)) == CALL
    elsewhere = RequestValidator(TOKEN).compute_signature(
        f"https://shop.example:{port + 1}/twilio/status?x=1", dict(CALL)
    )
    with pytest.raises(WebhookRefusedError):
        verifier.verify(request_of(url, CALL, elsewhere))


def test_a_json_body_is_signed_through_its_hash_in_the_url():
    url = "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    verifier = SignatureVerifier("https://mycompany.com", [TOKEN])
    body = b'{"property": "value", "boolean": true}'
    assert verifier.verify(request_of(url, [], "a9nBmqA0ju/hNViExpshrM61xv4=", body)) == []
    with pytest.raises(WebhookRefusedError):
        verifier.verify(request_of(url, [], "a9nBmqA0ju/hNViExpshrM61xv4=", body + b" "))


@pytest.mark.parametrize("signature", [None, "", " ", "é", "AAAA"])
def test_a_missing_or_senseless_signature_is_refused(signature):
    verifier = SignatureVerifier("https://shop.example", [TOKEN])
    with pytest.raises(WebhookRefusedError):
        verifier.verify(WebhookRequest("/twilio/status", "", b"a=1", signature))


def test_without_a_token_nothing_is_believed():
    empty = base64.b64encode(hmac.new(b"", b"https://shop.example/x", hashlib.sha1).digest()).decode()
    with pytest.raises(WebhookRefusedError):
        SignatureVerifier("https://shop.example", ["", ""]).verify(WebhookRequest("/x", "", b"", empty))


def test_two_tokens_are_valid_while_they_are_rotated():
    fields = [("Body", "hoi"), ("MediaUrl0", "")]
    for token in ("old", "new"):
        signature = compute_signature(token, "https://shop.example/twilio/inbound", fields)
        request = request_of("https://shop.example/twilio/inbound", fields, signature)
        assert SignatureVerifier("https://shop.example", ["new", "old"]).verify(request) == fields
    with pytest.raises(WebhookRefusedError):
        SignatureVerifier("https://shop.example", ["newer"]).verify(request)


def test_an_odd_port_or_path_of_the_public_address_is_part_of_what_is_signed():
    signature = compute_signature(TOKEN, "https://shop.example:8443/base/twilio/inbound", [("a", "1")])
    request = request_of("https://ignored.example/twilio/inbound", [("a", "1")], signature)
    assert SignatureVerifier("https://shop.example:8443/base/", [TOKEN]).verify(request)
    with pytest.raises(WebhookRefusedError):
        SignatureVerifier("https://shop.example/base", [TOKEN]).verify(request)


def test_a_form_that_is_none_is_malformed():
    with pytest.raises(MalformedWebhookError):
        parse_form(b"a=%FF")
    with pytest.raises(MalformedWebhookError):
        parse_form(b"\xff=1")
    with pytest.raises(MalformedWebhookError):
        parse_form(b"&".join([b"a=1"] * 400))


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=20), max_size=8))
def test_the_sdk_makes_the_same_signature(fields):
    url = "https://shop.example/twilio/status?m=a&c=b&x=c&a=d"
    signature = RequestValidator(TOKEN).compute_signature(url, fields)
    assert compute_signature(TOKEN, url, fields.items()) == signature
    request = request_of(url, list(fields.items()), signature)
    assert dict(SignatureVerifier("https://shop.example", [TOKEN]).verify(request)) == fields
