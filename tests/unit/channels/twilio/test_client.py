"""Credentials go only where they belong, and one call is one request."""

import httpx
import pytest

from channels.twilio.client import (
    LIVE_BASE_URL,
    SingleShotHttpClient,
    TwilioCredentials,
    UnsafeEndpointError,
    check_endpoint,
    open_client,
)

LIVE = TwilioCredentials("AC" + "0" * 32, "SK" + "0" * 32, "very secret indeed")
SANDBOX = TwilioCredentials("ACsandbox" + "0" * 25, "SKsandbox", "x")
SANDBOX_TOKEN = TwilioCredentials("ACsandbox" + "0" * 25, "SKsandbox", "a-long-enough-token")


@pytest.mark.parametrize("url", [LIVE_BASE_URL, "https://api.twilio.com:443/", "https://api.dublin.ie1.twilio.com"])
def test_live_credentials_may_go_to_twilio(url):
    check_endpoint(url, LIVE)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com",
        "https://api.twilio.com:8443",
        "https://api.twilio.com/elsewhere",
        "https://twilio.com.evil.example",
        "https://eviltwilio.com",
        "https://api.twilio.com@evil.example",
        "https://evil.example/api.twilio.com",
        "http://127.0.0.1:8010",
        "https://127.0.0.1:8010",
        "ftp://api.twilio.com",
        "api.twilio.com",
        "",
    ],
)
def test_live_credentials_go_nowhere_else(url):
    with pytest.raises(UnsafeEndpointError):
        check_endpoint(url, LIVE)
    with pytest.raises(UnsafeEndpointError):
        open_client(LIVE, url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8010", "http://localhost:8010", "http://[::1]:8010", "http://127.9.9.9"]
)
def test_a_sandbox_account_may_go_to_loopback(url):
    check_endpoint(url, SANDBOX)


@pytest.mark.parametrize(
    "url", ["http://sandbox:8010", "https://sandbox.example", "http://10.0.0.7:8010", "http://0.0.0.0:1"]
)
def test_off_loopback_a_sandbox_needs_its_token(url):
    with pytest.raises(UnsafeEndpointError, match="token"):
        check_endpoint(url, SANDBOX)
    check_endpoint(url, SANDBOX_TOKEN)


def test_a_sandbox_account_does_not_exist_at_twilio():
    with pytest.raises(UnsafeEndpointError, match="sandbox"):
        check_endpoint(LIVE_BASE_URL, SANDBOX_TOKEN)


def test_secrets_do_not_show():
    assert "secret" not in repr(LIVE)


@pytest.mark.parametrize(
    ("base_url", "asked", "goes_to"),
    [
        (LIVE_BASE_URL, "https://api.twilio.com/2010-04-01/x.json", "https://api.twilio.com/2010-04-01/x.json"),
        (LIVE_BASE_URL, "https://content.twilio.com/v1/Content", "https://content.twilio.com/v1/Content"),
        (
            "https://api.dublin.ie1.twilio.com",
            "https://content.twilio.com/v1/Content",
            "https://content.dublin.ie1.twilio.com/v1/Content",
        ),
        (
            "http://127.0.0.1:8010",
            "https://api.twilio.com/2010-04-01/x.json?To=%2B31",
            "http://127.0.0.1:8010/2010-04-01/x.json?To=%2B31",
        ),
        ("http://sandbox:1/base/", "https://content.twilio.com/v1/Content", "http://sandbox:1/base/v1/Content"),
    ],
)
async def test_requests_go_to_the_configured_address(base_url, asked, goes_to):
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(307, headers={"Location": "https://elsewhere.example"}, text="{}")

    client = SingleShotHttpClient(base_url, transport=httpx.MockTransport(answer))
    response = await client.request("POST", asked, data={"a": "b"}, headers={}, auth=("k", "s"), allow_redirects=True)
    assert seen == [goes_to]
    assert response.status_code == 307
    await client.aclose()
