"""Who carries messages, and what fetches and keeps what comes with those of customers: from settings."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, assert_never

from stamgast.clock.shop_time import Clock
from stamgast.domain.vocabulary import Channel
from stamgast.settings import Settings, SettingsError, auth_tokens_of
from stamgast.state.identities import IdentityStore

if TYPE_CHECKING:
    from channels.model import Carrier
    from channels.twilio.client import TwilioCredentials
    from stamgast.media.keeping import Keeping
    from stamgast.media.store import ObjectStore


def channel_of(settings: Settings) -> Carrier:
    """Twilio or its stand-in if an account is set, else the console. Raises `SettingsError`."""
    # Imported by who sends: commands wire all the rest, and Twilio's library alone takes a fifth of a second.
    from channels.console import ConsoleChannel  # noqa: PLC0415
    from channels.twilio.channel import TwilioChannel  # noqa: PLC0415
    from channels.twilio.client import UnsafeEndpointError  # noqa: PLC0415
    from channels.twilio.signatures import SignatureVerifier  # noqa: PLC0415

    if not settings.twilio_account_sid:
        return ConsoleChannel()
    credentials = _credentials_of(settings)
    verifier = SignatureVerifier(settings.public_url, auth_tokens_of(settings))
    try:
        return TwilioChannel(credentials, verifier, settings.twilio_base_url)
    except UnsafeEndpointError as error:
        raise SettingsError(f"STAMGAST_TWILIO_BASE_URL and STAMGAST_TWILIO_ACCOUNT_SID: {error}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def pictures_of(settings: Settings) -> ObjectStore:
    """The store of what customers sent. Raises `SettingsError`."""
    from stamgast.media.store import open_store  # noqa: PLC0415  as for tills

    try:
        return open_store(settings.media_store)
    except ValueError as error:
        raise SettingsError(f"STAMGAST_MEDIA_STORE: {error}") from None


def keeping_of(settings: Settings, people: IdentityStore, clock: Clock, stack: AsyncExitStack) -> Keeping | None:
    """What fetches and keeps what customers sent; None where no carrier is set. Raises `SettingsError`."""
    from channels.twilio.client import UnsafeEndpointError  # noqa: PLC0415
    from channels.twilio.files import TwilioFiles  # noqa: PLC0415
    from stamgast.media.keeping import Keeping  # noqa: PLC0415

    if not settings.twilio_account_sid:
        return None
    try:
        files = TwilioFiles(_credentials_of(settings), settings.twilio_base_url)
    except UnsafeEndpointError as error:
        raise SettingsError(f"STAMGAST_TWILIO_BASE_URL and STAMGAST_TWILIO_ACCOUNT_SID: {error}") from None
    stack.push_async_callback(files.aclose)
    return Keeping(files, pictures_of(settings), people.key_of, clock.now)


def carrier_for(channel: Channel, of_phones: Carrier) -> Carrier:
    """Who carries what goes over a channel."""
    match channel:
        case Channel.WHATSAPP | Channel.SMS:
            return of_phones
        case _:
            assert_never(channel)


def _credentials_of(settings: Settings) -> TwilioCredentials:
    from channels.twilio.client import TwilioCredentials  # noqa: PLC0415  with Twilio's library behind it

    return TwilioCredentials(
        settings.twilio_account_sid,
        settings.twilio_api_key.get_secret_value(),
        settings.twilio_api_secret.get_secret_value(),
    )
