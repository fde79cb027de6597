"""The Lua scripts, one file each beside this module, found by name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Self


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text and the hash that Redis knows it by."""

    text: bytes
    sha: str

    @classmethod
    def named(cls, name: str, *behind: str) -> Self:
        """Read `<name>.lua` from this package, behind others whose functions it calls."""
        text = b"".join((files("stamgast.state") / f"{each}.lua").read_bytes() for each in (*behind, name))
        return cls(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())
