"""What a deployment may and may not say."""

from typing import Any

import pytest
from pydantic import ValidationError

from stamgast.bootstrap import web_parts
from stamgast.carriers import channel_of
from stamgast.clock.shop_time import DrivenClock
from stamgast.settings import Settings, SettingsError

LIVE = "AC0123456789abcdef0123456789abcdef"
SANDBOX = "ACsandbox0123456789abcdef012345678"


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_a_trial_needs_no_settings():
    assert settings().partitions == 8
    assert settings().kafka_bootstrap == "127.0.0.1:9092"


def test_settings_come_from_variables_with_our_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("STAMGAST_PARTITIONS", "16")
    monkeypatch.setenv("STAMGAST_CLOCK", "driven")
    monkeypatch.setenv("STAMGAST_CLOCK_FILE", str(tmp_path / "clock"))

    found = settings()

    assert found.partitions == 16
    assert isinstance(found.make_clock(), DrivenClock)


def test_secrets_do_not_show():
    text = repr(settings(id_key="topsecret1", wrapping_keys="a:topsecret2", twilio_auth_token="topsecret3"))

    assert "topsecret" not in text


@pytest.mark.parametrize("clock", ["driven", "2026-10-01T08:00:00Z,60x"])
def test_an_invented_clock_is_refused_with_live_credentials(clock: str):
    with pytest.raises(ValidationError, match="would message people at invented times"):
        settings(clock=clock, twilio_account_sid=LIVE)
    settings(clock=clock, twilio_account_sid=SANDBOX, twilio_base_url="http://127.0.0.1:8010")
    settings(clock=clock)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com",
        "https://twilio.com.evil.example",
        "https://eviltwilio.com",
        "http://127.0.0.1:8010",
        "https://api.twilio.com@evil.example",
    ],
)
def test_live_credentials_go_only_to_twilio_over_https(url: str):
    with pytest.raises(ValidationError, match="live Twilio credentials go only to https on twilio.com"):
        settings(twilio_account_sid=LIVE, twilio_base_url=url)
    settings(twilio_account_sid=SANDBOX, twilio_base_url=url)


@pytest.mark.parametrize(
    "url", ["https://api.twilio.com", "https://api.dublin.ie1.twilio.com/", "https://API.TWILIO.COM"]
)
def test_live_credentials_go_to_twilio(url: str):
    found = settings(twilio_account_sid=LIVE, twilio_base_url=url, public_url="https://loyalty.example.com")
    assert found.twilio_base_url == url.rstrip("/")


@pytest.mark.parametrize("token", ["sandbox-auth-token", "0123456789abcdef, sandbox-auth-token"])
def test_what_is_signed_with_the_sandboxs_public_token_is_not_believed_of_a_live_account(token: str):
    with pytest.raises(ValidationError, match="the sandbox's auth token is public"):
        settings(twilio_account_sid=LIVE, twilio_auth_token=token, public_url="https://loyalty.example.com")
    settings(twilio_account_sid=SANDBOX, twilio_auth_token=token)


def test_a_live_account_calls_back_over_https_alone():
    with pytest.raises(ValidationError, match="over https alone, and PUBLIC_URL is http://loyalty.example.com"):
        settings(twilio_account_sid=LIVE, public_url="http://loyalty.example.com")


@pytest.mark.parametrize(
    ("account", "where", "said"),
    [
        ("ACsandbox" + "0" * 25, "https://api.twilio.com", "a sandbox account does not exist at twilio.com"),
        ("ACsandbox" + "0" * 25, "http://sandbox.example.com", "needs its token as API secret"),
    ],
)
def test_an_account_at_the_wrong_address_is_a_setting_to_mend_and_no_traceback(account: str, where: str, said: str):
    given = settings(twilio_account_sid=account, twilio_base_url=where, public_url="https://loyalty.example.com")
    with pytest.raises(SettingsError, match=f"STAMGAST_TWILIO_BASE_URL.*{said}"):
        channel_of(given)


async def test_web_does_not_start_for_a_live_account_that_it_could_not_hear():
    given = settings(
        twilio_account_sid=LIVE, public_url="https://loyalty.example.com", id_key="A" * 43 + "=", partitions=1
    )
    with pytest.raises(SettingsError, match="STAMGAST_TWILIO_AUTH_TOKEN is missing"):
        async with web_parts(given):
            pass


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clock", "fast"),
        ("partitions", 0),
        ("twilio_base_url", "twilio.com"),
        ("session_timeout_ms", 10),
        ("log_level", "loud"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: object):
    with pytest.raises(ValidationError):
        settings(**{name: value})


@pytest.mark.parametrize("port", ["metrics_port", "web_metrics_port"])
def test_figures_are_shown_beyond_this_machine_only_for_a_token(port: str):
    settings(metrics_host="0.0.0.0")
    settings(**{port: 9100})
    settings(metrics_host="0.0.0.0", metrics_token="sixteen-letters!", **{port: 9100})
    for token in ("", "fifteen-letters"):
        with pytest.raises(ValidationError, match="set STAMGAST_METRICS_TOKEN, of at least 16 characters"):
            settings(metrics_host="0.0.0.0", metrics_token=token, **{port: 9100})
