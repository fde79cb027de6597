"""What an owner answers to a request that became a record: remembered under its `Idempotency-Key`, and waited for."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from starlette.responses import JSONResponse

from stamgast.state.keys import PartitionKeys
from stamgast.web.deps import Deps
from stamgast.web.idempotency import reused

WAIT_S: Final = 2.0
"""So long a till waits for it."""
REMEMBERED_S: Final = 86_400
_POLL_S: Final = 0.01


class Told(NamedTuple):
    """What a till is told of its request: over HTTP, and on its page."""

    content: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] | None = None

    @property
    def pending(self) -> bool:
        """Say whether the owner has not answered yet."""
        return self.status == 202

    def response(self) -> JSONResponse:
        """As the interface answers it."""
        return JSONResponse(dict(self.content), self.status, self.headers)


@dataclass(frozen=True, slots=True)
class AskedOfOwner:
    """A request that a customer's owner answers, under the id of its Idempotency-Key."""

    merchant: str
    subject: str
    """The voucher's code, or the customer."""
    event_id: str
    slot: PartitionKeys

    @property
    def answer(self) -> str:
        """Where the owner writes its answer."""
        return self.slot.answer(self.merchant, self.event_id)

    @property
    def taking_back(self) -> str:
        """Id of the event that takes it back."""
        return f"{self.event_id}-back"

    @property
    def request(self) -> str:
        """Where it is remembered what was asked: outside the slot, for a key is used up in all of them."""
        return f"web:request:{self.merchant}:{self.event_id}"


def id_of(key: str) -> str:
    """What stands for an Idempotency-Key: 32 hexadecimal digits."""
    return digest(key.encode())[:32]


def digest(raw: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


async def refuse_other_request(deps: Deps, name: str, request: str) -> None:
    """Remember what was asked under a name. Raises `Problem` 422 if that was something else before."""
    known = await deps.redis.remember(name, request, REMEMBERED_S)
    if known is not None and known.decode() != request:
        raise reused()


async def wait_for(deps: Deps, name: str, wait_s: float) -> bytes | None:
    """What an owner writes there, if it does so in time."""
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        stored = await deps.redis.get(name)
        if stored is not None or asyncio.get_running_loop().time() >= deadline:
            return stored if isinstance(stored, bytes) else None
        await asyncio.sleep(_POLL_S)
