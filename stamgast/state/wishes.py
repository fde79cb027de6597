"""Which messages said something that is to be done once, however often and late the carrier delivers them."""

from stamgast.domain.units import Millis
from stamgast.identity.ids import message_hash
from stamgast.identity.records import Heard, encode, entry_key
from stamgast.state.identity_log import IdentityLog


class Wishes:
    """See the module. Raises `NotLoadedError` until the view has been read."""

    def __init__(self, log: IdentityLog, id_key: bytes) -> None:
        self._log = log
        self._id_key = id_key

    async def heard(self, merchant: str, message: str) -> bool:
        """Say whether what the message said was done before."""
        (entry,) = await self._log.read("h", merchant, [message_hash(self._id_key, merchant, message)], Heard)
        return entry is not None

    async def note_heard(self, merchant: str, message: str, at: Millis) -> None:
        """Remember that it was done; returns once Kafka has it."""
        key = entry_key(merchant, "h", message_hash(self._id_key, merchant, message))
        await self._log.write(self._log.topics.suppressions, {key: encode(Heard(at))})
