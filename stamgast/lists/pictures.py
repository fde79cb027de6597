"""Pictures that a customer sent, as files beside what is written down of them; or why there is none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stamgast.clock.shop_time import format_time
from stamgast.identity.sealing import DataKey
from stamgast.media.looking import NotSeenError, look_at
from stamgast.media.record import Fetched, Record
from stamgast.media.store import ObjectStore

PICTURES: Final = "pictures"
"""The folder of the files."""
_NO_FOLDER: Final = "it is kept: say --to FOLDER, and it is written beside this document"


_ELSEWHERE: Final = "it is kept: `stamgast export --customer … --to FOLDER` writes it beside this document"


class Named:
    """Names pictures without looking at them."""

    async def show(self, customer: str, sent: Iterable[Record], key: DataKey | None) -> list[dict[str, Any]]:  # noqa: ARG002
        """What is said of each, oldest first."""
        return [_said(each, "", _ELSEWHERE) for each in sorted(sent, key=lambda each: (each.at, each.id))]


def _said(said: Record, file: str, missing: str) -> dict[str, Any]:
    kept = said if isinstance(said, Fetched) and said.width > 0 else None
    return {
        "picture": said.id,
        "at": format_time(said.at),
        "channel": said.channel,
        "width": kept and kept.width,
        "height": kept and kept.height,
        "file": file or None,
        "missing": missing or None,
    }


@dataclass(frozen=True, slots=True)
class Pictures:
    """See the module. Without a folder nothing is written; `apart`: a folder in it for each customer."""

    store: ObjectStore
    folder: Path | None
    apart: bool = False

    async def show(self, customer: str, sent: Iterable[Record], key: DataKey | None) -> list[dict[str, Any]]:
        """What is said of each, oldest first; one at a time is held. Raises StoreError, OSError."""
        return [await self._shown(customer, each, key) for each in sorted(sent, key=lambda each: (each.at, each.id))]

    async def _shown(self, customer: str, said: Record, key: DataKey | None) -> dict[str, Any]:
        file, missing = "", ""
        try:
            jpeg = await look_at(self.store, said, key)
            file = await asyncio.to_thread(self._write, customer, said.id, jpeg)
        except NotSeenError as error:
            missing = str(error)
        return _said(said, file, missing)

    def _write(self, customer: str, media: str, jpeg: bytes) -> str:
        """The name of the file that it was written into, as seen from the folder."""
        if self.folder is None:
            raise NotSeenError(_NO_FOLDER)
        name = Path(PICTURES, *([customer] if self.apart else []), f"{media}.jpg")
        (self.folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(jpeg)
        return name.as_posix()
