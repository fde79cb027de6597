"""Which wallet a card's page offers: what the device can have, and nothing where nothing is set."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.wallet.apple.certificates import read_apple
from stamgast.wallet.google.account import read_google
from stamgast.wallet.wallets import NO_WALLETS, Wallets
from stamgast.web.pages.customer.wallet import offered
from tests.fakes.apple_files import settings_of, write
from tests.fakes.google_wallet import account

NOW = 1_790_848_800_000
YEAR = 365 * 86_400_000


@pytest.fixture
def wallets(tmp_path: Path) -> Wallets:
    (tmp_path / "account.json").write_text(json.dumps(account("https://oauth2.googleapis.com/token")))
    google = {"wallet_google_issuer": "3388000000012345678", "wallet_google_account": str(tmp_path / "account.json")}
    settings = settings_of(write(tmp_path) | google)
    return Wallets(read_apple(settings, NOW)[0], read_google(settings)[0])


def names(wallets: Wallets, agent: str, at: int = NOW) -> list[str]:
    deps: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: at))
    return [each.value for each in offered(wallets, deps, "/c/x", agent)]


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)", ["apple"]),
        ("Mozilla/5.0 (Linux; Android 16; Pixel 10)", ["google"]),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", ["apple", "google"]),
        ("", ["apple", "google"]),
    ],
)
def test_a_device_is_offered_what_it_can_have(wallets: Wallets, agent: str, shown: list[str]):
    assert names(wallets, agent) == shown
    assert names(NO_WALLETS, agent) == []


def test_a_certificate_that_ends_takes_its_button_with_it(wallets: Wallets):
    assert names(wallets, "", NOW + 2 * YEAR) == ["google"]
