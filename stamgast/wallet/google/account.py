"""The service account by which we speak to Google Wallet, and everything that is wrong with what is set."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from stamgast.lifecycle.who_looks import is_loopback
from stamgast.settings import Settings
from stamgast.wallet.findings import Finding, setting

_ISSUER: Final = re.compile(r"[0-9]{10,25}")
_ACCOUNT: Final = "wallet_google_account"


@dataclass(frozen=True)
class GoogleAccount:
    """See the module."""

    issuer: str
    email: str
    token_url: str
    api_url: str
    public_url: str
    """Where our pages and the picture of a class are."""
    key: RSAPrivateKey = field(repr=False)
    key_id: str = ""


def is_begun(settings: Settings) -> bool:
    """Whether anything of Google's is set."""
    return bool(settings.wallet_google_issuer or settings.wallet_google_account)


def read_google(settings: Settings) -> tuple[GoogleAccount | None, list[Finding]]:
    """The account, and all that is wrong; None if it cannot be used."""
    wrong: list[Finding] = []

    def complain(name: str, why: str) -> None:
        wrong.append(Finding(setting(name), why))

    issuer = settings.wallet_google_issuer.strip()
    if not issuer:
        complain("wallet_google_issuer", "is missing: the issuer's number, in the Google Pay & Wallet Console")
    elif not _ISSUER.fullmatch(issuer):
        complain("wallet_google_issuer", f"is {issuer!r}: the issuer's number has digits alone")
    said = _file(settings.wallet_google_account.strip(), complain)
    key = None if said is None else _key(said, settings.wallet_google_account, complain)
    for each, allowed in ((settings.wallet_google_url, "googleapis.com"), (_token_url(said), "googleapis.com")):
        if not _is_theirs(each, allowed):
            name = "wallet_google_url" if each == settings.wallet_google_url else _ACCOUNT
            complain(name, f"leads to {each or 'nowhere'}: what the key signs is shown to Google alone, over https")
    if urlsplit(settings.public_url).scheme != "https":
        complain("public_url", f"is {settings.public_url}: Google fetches the class's picture over https alone")
    if wrong or said is None or key is None:
        return None, wrong
    account = GoogleAccount(
        issuer=issuer,
        email=said["client_email"],
        token_url=_token_url(said),
        api_url=settings.wallet_google_url.rstrip("/"),
        public_url=settings.public_url,
        key=key,
        key_id=str(said.get("private_key_id", "")),
    )
    return account, []


def _token_url(said: dict[str, Any] | None) -> str:
    return str((said or {}).get("token_uri") or "https://oauth2.googleapis.com/token")


def _is_theirs(url: str, domain: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return is_loopback(host) or (parts.scheme == "https" and (host == domain or host.endswith(f".{domain}")))


def _file(where: str, complain: Any) -> dict[str, Any] | None:
    if not where:
        complain(_ACCOUNT, "is missing: the JSON file of a service account's key, made in the Google Cloud Console")
        return None
    try:
        said = json.loads(Path(where).read_text(encoding="utf-8"))
    except OSError as error:
        complain(_ACCOUNT, f"{where}: {error.strerror or error}")
        return None
    except ValueError:
        complain(_ACCOUNT, f"{where} is no JSON: Google offers a .p12 as well, which is not the one")
        return None
    if not isinstance(said, dict) or said.get("type") != "service_account":
        kind = said.get("type") or next(iter(said), "nothing") if isinstance(said, dict) else "something else"
        complain(_ACCOUNT, f"{where} is the file of {kind!r}, not the key of a service account")
        return None
    missing = [name for name in ("client_email", "private_key") if not isinstance(said.get(name), str)]
    if missing:
        complain(_ACCOUNT, f"{where} has no {' and no '.join(missing)}: make another key")
        return None
    return said


def _key(said: dict[str, Any], where: str, complain: Any) -> RSAPrivateKey | None:
    try:
        key = load_pem_private_key(said["private_key"].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, RSAPrivateKey):
        return key
    complain(_ACCOUNT, f"{where}: its private_key cannot be read; make another key")
    return None
