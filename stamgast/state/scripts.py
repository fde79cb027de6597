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
    def named(cls, name: str) -> Self:
        """Read `<name>.lua` from this package."""
        text = (files("stamgast.state") / f"{name}.lua").read_bytes()
        return cls(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())
