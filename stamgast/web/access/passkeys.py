"""Passkeys: the two ceremonies of WebAuthn, by py_webauthn. A passkey is found by itself (discoverable), and the person
is asked for by it (user verification): nothing else is typed to sign in.

A challenge is good once, for five minutes, and for what it was given out for. It stands in Redis; if that is lost, one
begins again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.requests import Request

from stamgast.users.record import Passkey, User
from stamgast.users.roster import NewPasskey
from stamgast.users.site import NoSiteError, Site, site_of
from stamgast.web.access.forms import origin_of
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

_CHALLENGE_S: Final = 300
_TIMEOUT_MS: Final = 120_000
_SIGN_IN: Final = "sign-in"
HOUSE_NAME: Final = "Stamgast"


class NotProvenError(Exception):
    """It is no passkey of ours, or not the answer to what was asked. `user`: whose it seems to be."""

    def __init__(self, why: str, user: str = "") -> None:
        super().__init__(why)
        self.user = user


class _ClientData(msgspec.Struct):
    challenge: str


class _Response(msgspec.Struct):
    clientDataJSON: str  # noqa: N815  as browsers call it


class _Credential(msgspec.Struct):
    id: str
    response: _Response


def site(request: Request) -> Site:
    """Which one passkeys belong to. Raises `Problem` 503 where PUBLIC_URL is none that browsers take."""
    try:
        return site_of(deps_of(request).public_url)
    except NoSiteError as error:
        raise Problem(503, "no-site", f"Nobody can sign in here: {error}.") from None


async def ask_to_register(request: Request, user: User, name: str, about: str) -> dict[str, Any]:
    """What `navigator.credentials.create` takes, for a passkey beside those that the user has."""
    from webauthn import generate_registration_options  # noqa: PLC0415  half of what web takes to start
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    deps = deps_of(request)
    known = deps.roster.table.passkeys(user.id)
    options = generate_registration_options(
        rp_id=site(request).name,
        rp_name=HOUSE_NAME,
        user_name=name or user.id,
        user_display_name=name or user.id,
        user_id=user.id.encode(),
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(each.credential)) for each in known],
    )
    await _give_out(deps, options.challenge, about)
    return _as_document(options)


async def register(request: Request, raw: bytes, about: str) -> NewPasskey:
    """What an authenticator made of `ask_to_register`. Raises `NotProvenError`."""
    from webauthn import verify_registration_response  # noqa: PLC0415
    from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415

    challenge = await _given_out(deps_of(request), raw, about)

    def verify() -> Any:
        return verify_registration_response(
            credential=raw.decode(),
            expected_challenge=challenge,
            expected_rp_id=site(request).name,
            expected_origin=_origins(request),
            require_user_verification=True,
        )

    made = _checked(verify)
    credential, key = bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key)
    return NewPasskey(made.credential_id, credential, key, made.sign_count)


async def ask_to_sign_in(request: Request) -> dict[str, Any]:
    """What `navigator.credentials.get` takes: any passkey of this site's."""
    from webauthn import generate_authentication_options  # noqa: PLC0415
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    options = generate_authentication_options(
        rp_id=site(request).name, timeout=_TIMEOUT_MS, user_verification=UserVerificationRequirement.REQUIRED
    )
    await _give_out(deps_of(request), options.challenge, _SIGN_IN)
    return _as_document(options)


async def sign_in(request: Request, raw: bytes) -> tuple[Passkey, int]:
    """Whose passkey answered, and how often it says it was used. Raises `NotProvenError`."""
    from webauthn import verify_authentication_response  # noqa: PLC0415
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415

    deps = deps_of(request)
    challenge = await _given_out(deps, raw, _SIGN_IN)
    try:
        passkey = deps.roster.table.passkey(base64url_to_bytes(_read(raw).id))
    except ValueError:
        passkey = None
    if passkey is None:
        raise NotProvenError("this passkey is not known here, or it was removed")
    known: Passkey = passkey

    def verify() -> Any:
        return verify_authentication_response(
            credential=raw.decode(),
            expected_challenge=challenge,
            expected_rp_id=site(request).name,
            expected_origin=_origins(request),
            credential_public_key=base64url_to_bytes(known.public_key),
            credential_current_sign_count=deps.roster.table.count_of(known),
            require_user_verification=True,
        )

    return passkey, int(_checked(verify, passkey.user).new_sign_count)


def _origins(request: Request) -> list[str]:
    return list({site(request).origin, origin_of(request)})


def _checked(verify: Callable[[], Any], user: str = "") -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        return verify()
    except (WebAuthnException, UnsupportedAlgorithm, ValueError, TypeError, KeyError, IndexError) as error:
        raise NotProvenError(f"it does not prove what it should: {error}", user) from None


async def _give_out(deps: Deps, challenge: bytes, about: str) -> None:
    await deps.redis.call("SET", _place(challenge), about, "EX", _CHALLENGE_S)


async def _given_out(deps: Deps, raw: bytes, about: str) -> bytes:
    """The challenge that was answered, if we gave it out for this and nobody answered it yet."""
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415

    try:
        told = msgspec.json.decode(base64url_to_bytes(_read(raw).response.clientDataJSON), type=_ClientData)
        challenge = base64url_to_bytes(told.challenge)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotProvenError(f"it cannot be read: {type(error).__name__}") from None
    stood = await deps.redis.call("GETDEL", _place(challenge))
    if stood is None or stood.decode() != about:
        raise NotProvenError("it took longer than five minutes, or was sent before")
    return challenge


def _read(raw: bytes) -> _Credential:
    return msgspec.json.decode(raw, type=_Credential)


def _place(challenge: bytes) -> str:
    return f"web:passkey:{hashlib.sha256(challenge).hexdigest()[:40]}"


def _as_document(options: Any) -> dict[str, Any]:
    from webauthn import options_to_json  # noqa: PLC0415

    document: dict[str, Any] = msgspec.json.decode(options_to_json(options))
    return document
