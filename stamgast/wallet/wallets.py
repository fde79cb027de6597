"""The wallets that this deployment offers, read from its settings once, and what is missing of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.settings import Settings
from stamgast.wallet.apple import certificates
from stamgast.wallet.apple.certificates import AppleAccount, read_apple, soon_over
from stamgast.wallet.findings import Finding, Standing, Wallet
from stamgast.wallet.google import account
from stamgast.wallet.google.account import GoogleAccount, read_google

log = get_logger(__name__)


class Looked(NamedTuple):
    """How a wallet stands, what is wrong with it, and what soon will be."""

    wallet: Wallet
    standing: Standing
    wrong: list[Finding]
    soon: list[str]


@dataclass(frozen=True)
class Wallets:
    """What can be used. None: it is off, or something is missing."""

    apple: AppleAccount | None = None
    google: GoogleAccount | None = None

    def apple_at(self, at: Millis) -> AppleAccount | None:
        """Apple's, unless a certificate has ended meanwhile: then no device would take a pass."""
        return self.apple if self.apple is not None and at < self.apple.ends else None


NO_WALLETS = Wallets()


def read_wallets(settings: Settings, at: Millis) -> tuple[Wallets, list[Looked]]:
    """What can be used, and how each stands."""
    apple, google = None, None
    wrong_apple: list[Finding] = []
    wrong_google: list[Finding] = []
    if certificates.is_begun(settings):
        apple, wrong_apple = read_apple(settings, at)
    if account.is_begun(settings):
        google, wrong_google = read_google(settings)
    soon = soon_over(apple, at) if apple is not None else []
    looked = [
        Looked(Wallet.APPLE, _standing(apple, wrong_apple), wrong_apple, soon),
        Looked(Wallet.GOOGLE, _standing(google, wrong_google), wrong_google, []),
    ]
    return Wallets(apple, google), looked


def wallets_of(settings: Settings, at: Millis) -> Wallets:
    """What can be used; what is missing is told to the log alone."""
    wallets, looked = read_wallets(settings, at)
    for each in looked:
        for wrong in each.wrong:
            log.error("a wallet is off", wallet=each.wallet.value, setting=wrong.setting, why=wrong.why)
        for told in each.soon:
            log.warning("a wallet's certificate ends soon", wallet=each.wallet.value, what=told)
    return wallets


def _standing(found: object, wrong: list[Finding]) -> Standing:
    if found is not None:
        return Standing.ON
    return Standing.BROKEN if wrong else Standing.OFF
