"""What is missing or wrong with Apple's certificates is told to the developer: which setting, which file, what to do."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stamgast.wallet.apple.certificates import read_apple
from stamgast.wallet.findings import Standing
from stamgast.wallet.wallets import read_wallets
from tests.fakes.apple_files import intermediate, key, pass_certificate, settings_of, write

NOW = int(datetime(2026, 11, 30, tzinfo=UTC).timestamp() * 1_000)


def told(given: dict[str, Any], at: int = NOW) -> dict[str, str]:
    """Setting -> what is said of it."""
    account, wrong = read_apple(settings_of(given), at)
    assert (account is None) is bool(wrong)
    assert len({each.setting for each in wrong}) == len(wrong), "each setting is told of once"
    return {each.setting.removeprefix("STAMGAST_WALLET_APPLE_"): each.why for each in wrong}


def test_what_is_right_can_be_used(tmp_path: Path):
    account, wrong = read_apple(settings_of(write(tmp_path)), NOW)
    assert (wrong, account is not None) == ([], True)
    assert account is not None
    assert account.web_service == "https://loyalty.example.com/wallet"
    assert "PRIVATE" not in repr(account)


def test_a_key_may_have_a_password(tmp_path: Path):
    given = write(tmp_path, password="s3cret")
    assert "is missing" in told(given)["KEY_PASSWORD"]
    assert "does not open" in told(given | {"wallet_apple_key_password": "wrong"})["KEY_PASSWORD"]
    assert told(given | {"wallet_apple_key_password": "s3cret"}) == {}


def test_nothing_set_is_off_and_one_thing_set_names_the_others(tmp_path: Path):
    _, looked = read_wallets(settings_of({}), NOW)
    assert [each.standing for each in looked] == [Standing.OFF, Standing.OFF]
    found = told({"wallet_apple_team": "A1B2C3D4E5", "public_url": "https://shop.example"})
    assert list(found) == ["PASS_TYPE", "CERTIFICATE", "KEY", "INTERMEDIATE"]
    assert all(why.startswith("is missing: ") for why in found.values())
    _, looked = read_wallets(settings_of({"wallet_apple_team": "A1B2C3D4E5"}), NOW)
    assert looked[0].standing is Standing.BROKEN


def test_a_file_that_is_not_there_or_is_another_one_is_named(tmp_path: Path):
    given = write(tmp_path)
    assert told(given | {"wallet_apple_certificate": str(tmp_path / "no.cer")})["CERTIFICATE"].endswith(
        "no.cer: No such file or directory"
    )
    assert "that is the key" in told(given | {"wallet_apple_certificate": given["wallet_apple_key"]})["CERTIFICATE"]
    assert "is no PEM" in told(given | {"wallet_apple_key": given["wallet_apple_certificate"]})["KEY"]
    assert "holds no private key" in told(given | {"wallet_apple_key": given["wallet_apple_intermediate"]})["KEY"]


def test_a_certificate_that_ended_or_has_not_begun_says_when(tmp_path: Path):
    ended = pass_certificate(ends=datetime(2026, 6, 1, tzinfo=UTC))
    assert "ended on 2026-06-01: renew it" in told(write(tmp_path, ended))["CERTIFICATE"]
    before = int(datetime(2025, 12, 31, tzinfo=UTC).timestamp() * 1_000)
    assert "begins on 2026-01-01: is this machine's clock right?" in told(write(tmp_path), before)["CERTIFICATE"]


def test_another_team_pass_type_key_or_intermediate_is_seen(tmp_path: Path):
    assert "is of team Z9Z9Z9Z9Z9" in told(write(tmp_path, pass_certificate(team="Z9Z9Z9Z9Z9")))["TEAM"]
    other = told(write(tmp_path, pass_certificate(uid="pass.com.example.other")))["CERTIFICATE"]
    assert other == (
        "is for pass.com.example.other, and the pass type is pass.com.example.loyalty: one of both is wrong"
    )
    made = write(tmp_path, by=intermediate("G1"))
    assert "did not issue the certificate: that was CN=Worldwide Relations G4" in told(made)["INTERMEDIATE"]
    mine = pass_certificate()
    assert "is not the key of" in told(write(tmp_path, type(mine)(mine.certificate, key("another"))))["KEY"]


def test_names_are_looked_at_as_apple_writes_them(tmp_path: Path):
    given = write(tmp_path)
    assert "begins with `pass.`" in told(given | {"wallet_apple_pass_type": "com.example.loyalty"})["PASS_TYPE"]
    assert "ten capital letters" in told(given | {"wallet_apple_team": "a1b2"})["TEAM"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://api.push.apple.com", "is no https address"), ("https://push.evil.example", "shown to Apple alone")],
)
def test_the_key_is_shown_to_apple_alone(tmp_path: Path, url: str, said: str):
    assert said in told(write(tmp_path) | {"wallet_apple_push_url": url})["PUSH_URL"]


def test_passes_are_fetched_over_https(tmp_path: Path):
    assert "over https alone" in told(write(tmp_path) | {"public_url": "http://shop.example"})["STAMGAST_PUBLIC_URL"]


def test_without_http2_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert "pip install 'stamgast[wallet]'" in told(write(tmp_path))["PASS_TYPE"]


def test_what_ends_within_a_month_is_told_before(tmp_path: Path):
    soon = pass_certificate(ends=datetime(2026, 12, 10, tzinfo=UTC))
    _, looked = read_wallets(settings_of(write(tmp_path, soon)), NOW)
    assert looked[0].standing is Standing.ON
    assert looked[0].soon == ["STAMGAST_WALLET_APPLE_CERTIFICATE ends on 2026-12-10, in 10 days"]
