"""Looks at a picture that a customer sent; or says why nobody can."""

from __future__ import annotations

import asyncio

from stamgast.identity.sealing import DataKey, SealError
from stamgast.media.record import WHY_NOT, Came, Record, Wanted
from stamgast.media.sealed_pictures import open_picture
from stamgast.media.store import ObjectStore


class NotSeenError(LookupError):
    """It cannot be looked at; the text says why."""


async def look_at(store: ObjectStore, said: Record, key: DataKey | None) -> bytes:
    """The JPEG. `key` is its customer's, None where they were forgotten.

    Raises:
        NotSeenError: see there.
        StoreError: the store does not answer.
    """
    if isinstance(said, Wanted):
        raise NotSeenError("it has not come yet, and workers go on asking the carrier for it for a day")
    if said.came is not Came.KEPT:
        raise NotSeenError(WHY_NOT[said.came])
    if key is None or key.id != said.data_key:
        raise NotSeenError(WHY_NOT[Came.FORGOTTEN])
    sealed = await asyncio.to_thread(store.get, said.object)
    if sealed is None:
        raise NotSeenError("the store has it no more (pictures go after 60 days), or STAMGAST_MEDIA_STORE is another")
    try:
        return open_picture(key, (said.merchant, said.customer), said.id, sealed)
    except SealError as error:
        raise NotSeenError(f"it does not open: {error}") from None
