"""What people asked for by a message: which messages were carried out, and which JOIN still wants its YES."""

from collections.abc import Sequence

from stamgast.domain.joining import CONFIRMED_WITHIN
from stamgast.domain.units import Millis
from stamgast.identity.ids import message_hash
from stamgast.identity.records import Heard, Suppression, Wish, encode, entry_key
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError
from stamgast.state.identity_log import IdentityLog, entry_of
from stamgast.state.views import NotLoadedError


def _on_page(merchant: str, phone_hash: str) -> str:
    return f"joining:{merchant}:{phone_hash}"


class Wishes:
    """See the module. Raises `NotLoadedError` until the view has been read."""

    def __init__(self, log: IdentityLog, id_key: bytes, redis: RedisClient) -> None:
        self._log = log
        self._id_key = id_key
        self._redis = redis

    async def stops_of(self, merchant: str, phone_hashes: Sequence[str]) -> dict[str, Millis]:
        """Those of many phones that want no messages, with since when."""
        found = await self._log.read("s", merchant, phone_hashes, Suppression)
        return {name: each.at for name, each in zip(phone_hashes, found, strict=True) if each and each.stopped}

    async def heard(self, merchant: str, message: str) -> bool:
        """Say whether what the message said was done before."""
        (entry,) = await self._log.read("h", merchant, [message_hash(self._id_key, merchant, message)], Heard)
        return entry is not None

    async def note_heard(self, merchant: str, message: str, at: Millis) -> None:
        """Remember that it was done; returns once Kafka has it."""
        key = entry_key(merchant, "h", message_hash(self._id_key, merchant, message))
        await self._log.write(self._log.topics.suppressions, {key: encode(Heard(at))})

    async def unconfirmed(self, merchant: str, phone_hash: str, at: Millis) -> Wish | None:
        """The JOIN of a phone that was not confirmed yet, and still may be."""
        (wish,) = await self._log.read("j", merchant, [phone_hash], Wish)
        return wish if wish is not None and at - wish.at <= CONFIRMED_WITHIN else None

    async def note_unconfirmed(self, merchant: str, phone_hash: str, wish: Wish) -> None:
        """Remember a JOIN that is to be confirmed; returns once Kafka has it."""
        await self._log.write(self._log.topics.suppressions, {entry_key(merchant, "j", phone_hash): encode(wish)})

    async def agreed_on_page(self, merchant: str, phone_hash: str) -> Wish | None:
        """What somebody has agreed to on the page of a code and said to be theirs by that phone: anybody can say so."""
        try:
            value = await self._redis.get(_on_page(merchant, phone_hash))
        except StateError as error:
            raise NotLoadedError("Redis does not answer") from error
        return None if value is None else entry_of(value, Wish)

    async def note_on_page(self, merchant: str, phone_hash: str, wish: Wish) -> None:
        """Remember that for a day, in Redis alone: what nobody proved is on no log. Raises StateError."""
        await self._redis.call("SET", _on_page(merchant, phone_hash), encode(wish), "PX", CONFIRMED_WITHIN)

    async def forget(self, merchant: str, phone_hashes: Sequence[str]) -> None:
        """Forget such JOINs: they were confirmed, taken back, or their person is forgotten."""
        try:
            for each in phone_hashes:
                await self._redis.delete(_on_page(merchant, each))
        except StateError as error:
            raise NotLoadedError("Redis does not answer") from error
        known = zip(phone_hashes, await self._log.read("j", merchant, phone_hashes, Wish), strict=True)
        gone = {entry_key(merchant, "j", each): None for each, wish in known if wish is not None}
        await self._log.write(self._log.topics.suppressions, dict(gone))
