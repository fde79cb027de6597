"""What a feed signs with: made here, shown once, sealed on `feeds.v1` by keys that derive from the wrapping keys."""

import base64
import os
from typing import Final

from stamgast.feeds.record import MOST_SECRETS, Feed, Name
from stamgast.identity.sealing import SealError, WrappingKeys

_PREFIX: Final = "whsec_"
_BYTES: Final = 32
_PURPOSE: Final = "feed-secrets"


class SecretError(LookupError):
    """A feed's secret does not open; the text says why, and what to do."""


def new_secret() -> str:
    """A fresh one, as Standard Webhooks writes it."""
    return _PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


class FeedSeal:
    """Seals and opens them; what was sealed opens only for its own feed."""

    def __init__(self, keys: WrappingKeys) -> None:
        self._keys = keys.derived(_PURPOSE)

    def seal(self, name: Name, secret: str) -> str:
        """What may stand on the topic."""
        return self._keys.seal(secret.encode(), _owner(name))

    def rotated(self, feed: Feed, secret: str, *, instead: bool) -> tuple[str, ...]:
        """The feed's secrets with a new one ahead; `instead` of all before, else beside the newest of them."""
        return (self.seal(feed.id, secret), *(() if instead else feed.sealed))[:MOST_SECRETS]

    def open(self, feed: Feed) -> list[str]:
        """All of them, newest first. Raises `SecretError`."""
        try:
            return [self._keys.open(each, _owner(feed.id)).decode() for each in feed.sealed]
        except SealError as error:
            raise SecretError(f"its secret does not open ({error}): `stamgast feeds rotate --instead`") from None


def _owner(name: Name) -> str:
    return f"{name.merchant}:{name.feed}"
