"""Fetches one file and keeps the picture in it, sealed; says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from channels.model import FileAwayError, FileGoneError, FileTooLargeError, HandsOver
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.identity.sealing import DataKey
from stamgast.media.pictures import LARGEST_FILE, NoPictureError, Picture, clean
from stamgast.media.record import KEPT, Came, Fetched, Wanted, object_of
from stamgast.media.sealed_pictures import seal_picture
from stamgast.media.store import ObjectStore, StoreError

_GONE_FOR_GOOD: Final[Millis] = HOUR
"""A carrier may tell of a message before its files can be had: so long it is asked for one that it does not have."""
_AWAY_FOR_GOOD: Final[Millis] = DAY


class NotYetError(Exception):
    """It is to be tried again; the text says why."""


class Keeping:
    """See the module. `key_of` finds the data key of a customer (merchant, id); None where they were forgotten.

    One picture is made anew at a time: each may take a hundred megabytes while it is.
    """

    def __init__(
        self,
        carrier: HandsOver,
        store: ObjectStore,
        key_of: Callable[[str, str], Awaitable[DataKey | None]],
        now: Callable[[], Millis],
    ) -> None:
        self._carrier = carrier
        self.store = store
        self._key_of = key_of
        self._now = now
        self._cleaning = asyncio.Lock()

    async def keep(self, wanted: Wanted) -> Fetched:
        """Fetch it, and put what can be seen of it into the store. Raises `NotYetError`."""
        waited = self._now() - wanted.at
        if waited > KEPT:
            return self._told(wanted, Came.NEVER)
        key = await self._key_of(wanted.merchant, wanted.customer)
        if key is None:
            return self._told(wanted, Came.FORGOTTEN)
        try:
            raw = await self._carrier.fetch(wanted.place, LARGEST_FILE)
        except FileTooLargeError:
            return self._told(wanted, Came.TOO_LARGE)
        except FileGoneError:
            if waited > _GONE_FOR_GOOD:
                return self._told(wanted, Came.NEVER)
            raise NotYetError("the carrier does not have it") from None
        except FileAwayError as error:
            if waited > _AWAY_FOR_GOOD:
                return self._told(wanted, Came.NEVER)
            raise NotYetError(str(error)) from error
        try:
            async with self._cleaning:
                picture = await asyncio.to_thread(clean, raw)
        except NoPictureError:
            return self._told(wanted, Came.NO_PICTURE)
        return await self._put(wanted, key, picture)

    async def _put(self, wanted: Wanted, key: DataKey, picture: Picture) -> Fetched:
        name = object_of(wanted.id, wanted.at)
        sealed = seal_picture(key, (wanted.merchant, wanted.customer), wanted.id, picture.jpeg)
        try:
            await asyncio.to_thread(self.store.put, name, sealed)
        except StoreError as error:
            raise NotYetError(str(error)) from error
        return self._told(wanted, Came.KEPT, name, key, picture)

    def _told(
        self,
        wanted: Wanted,
        came: Came,
        name: str = "",
        key: DataKey | None = None,
        picture: Picture | None = None,
    ) -> Fetched:
        return Fetched(
            id=wanted.id,
            merchant=wanted.merchant,
            customer=wanted.customer,
            at=wanted.at,
            channel=wanted.channel,
            reply=wanted.reply,
            came=came,
            object=name,
            data_key="" if key is None else key.id,
            bytes=0 if picture is None else len(picture.jpeg),
            width=0 if picture is None else picture.width,
            height=0 if picture is None else picture.height,
        )
