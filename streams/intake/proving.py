"""Whether a record that others wrote comes from its merchant: by an HMAC over its value, with a key of that merchant.

The key's secret derives from `ID_KEY`, merchant and id, so that nothing has to be looked up to check it: for what a
stranger makes up nobody is asked anything. Only of a proof that is right it is asked whether its key is in force.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from stamgast.api_keys.model import PRODUCE, ApiKey, key_text, producer_secret
from stamgast.api_keys.table import ApiKeyTable
from stamgast.clock.shop_time import format_time
from stamgast.log.signatures import carries_one, was_appended_before
from stamgast.producing import PROOF
from streams.intake.canonical import Read, UnreadableError

_MOST_REMEMBERED: Final = 4_096
_MOST_LISTED: Final = 4
_SHOWN: Final = 40
_GIVEN: Final = re.compile(rb"([a-z2-7]{16}):([0-9a-fA-F]{64})")
_HOW: Final = "docs/producing.md, The proof"


class Keys(Protocol):
    """The keys as Kafka has them now (`stamgast.api_keys.admin`)."""

    async def keys(self, merchant: str) -> list[ApiKey]:
        """Every key of a merchant, revoked ones too."""
        ...


class _Proof(NamedTuple):
    """What the header holds, and the key that its id belongs to."""

    key_id: str
    mac: bytes
    key: str


class Proving:
    """Checks proofs. `table` follows the keys, `ring` is asked where that may be behind.

    `producers` is what the secrets derive from (`stamgast.identity.sealing.derive_producer_key`).
    """

    def __init__(self, table: ApiKeyTable, ring: Keys, producers: bytes) -> None:
        self._table = table
        self._ring = ring

        @lru_cache(_MOST_REMEMBERED)
        def key_of(merchant: str, key_id: str) -> str:
            return key_text(key_id, producer_secret(producers, merchant, key_id))

        self._key_of = key_of

    async def check(self, read: Read) -> None:
        """Return if its merchant wrote it.

        Raises:
            UnreadableError: nobody can know; it says what is wrong with the proof, and what would be right.
            NotLoadedError, KafkaError: not now.
        """
        proof = self._given(read)
        if not _is_right(proof.key, proof.mac, read):
            raise self._refused(read, f"its proof is wrong: {self._why_wrong(read, proof)}")
        if self._table.known(proof.key_id) is None:
            await self._check_whether_revoked(read, proof.key_id)

    async def _check_whether_revoked(self, read: Read, key_id: str) -> None:
        revoked_at = self._table.revoked_at(key_id)
        if revoked_at is None:  # its secret is right, so it was made, perhaps a moment ago
            found = next((key for key in await self._ring.keys(read.merchant) if key.id == key_id), None)
            if found is not None and not found.revoked_at:
                return
            revoked_at = 0
        if not was_appended_before(read.record, revoked_at):
            when = f" at {format_time(revoked_at)}" if revoked_at else ""
            raise self._refused(read, f"its proof is of key {key_id}, which was revoked{when}")

    def _given(self, read: Read) -> _Proof:
        record: Any = read.record
        given = [value for name, value in record.headers if name == PROOF]
        if not given:
            raise self._refused(read, _why_missing(read, [name for name, _ in record.headers]))
        if len(given) > 1:
            raise self._refused(read, f"it has the header {PROOF} {len(given)} times, and one proof is needed")
        match = _GIVEN.fullmatch(given[0] or b"")
        if match is None:
            what = "`<the key's id>:<64 hexadecimal digits>`"
            raise self._refused(read, f"its header {PROOF} is not {what}")
        key_id = match[1].decode()
        return _Proof(key_id, match[2].lower(), self._key_of(read.merchant, key_id))

    def _why_wrong(self, read: Read, proof: _Proof) -> str:
        key = self._table.known(proof.key_id)
        if key is None and self._table.revoked_at(proof.key_id) is None:
            return f"there is no key {proof.key_id}"
        if key is not None and key.merchant != read.merchant:
            return f"key {proof.key_id} is not {read.merchant}'s, whose purchase it says it is"
        if key is not None and PRODUCE not in key.scopes:
            return f"key {proof.key_id} is for HTTP ({', '.join(key.scopes)})"
        for how, nearly in _NEARLY:
            if _is_right(nearly(proof.key), proof.mac, read):
                return f"it was made {how}"
        return (
            f"it is not the HMAC-SHA256 of the value's bytes as they came, under the whole text of key {proof.key_id}"
        )

    def _refused(self, read: Read, why: str) -> UnreadableError:
        ids = self._table.in_force(read.merchant, PRODUCE)
        listed = ", ".join(ids[:_MOST_LISTED]) + (", …" if len(ids) > _MOST_LISTED else "")
        make = f"`stamgast keys create {read.merchant} --scope produce` makes a key"
        return UnreadableError(f"{why}; {f'in force: {listed}' if ids else make} ({_HOW})")


_NEARLY: Final = (
    ("with a line's end behind the key", lambda key: f"{key}\n"),
    ("with the last part of the key alone, and the whole key is needed", lambda key: key.split("_", 2)[2]),
)


def _is_right(key: str, mac: bytes, read: Read) -> bool:
    made = hmac.digest(key.encode(), read.record.value or b"", "sha256").hex()
    return hmac.compare_digest(made.encode(), mac)


def _why_missing(read: Read, names: list[str]) -> str:
    if carries_one(read.record):
        return "its signature is not ours: was it made with another STAMGAST_ID_KEY?"
    near = next((name for name in names if name.lower().replace("_", "-") == PROOF), "")
    instead = f", and {near[:_SHOWN]} is not it" if near else ""
    return f"nothing proves that it comes from {read.merchant}: its header {PROOF} is missing{instead}"
