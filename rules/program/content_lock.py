"""`contents/lock.json`: which ContentSid stands for which text at the provider, and where its approval stands.

`stamgast templates push` and `status` write it, nobody by hand. It is part of what is published: workers send by it.
A text that was changed is another content there with a ContentSid of its own. Until WhatsApp has approved it, the one
before it, if that was approved, goes on being sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

LOCK: Final = "contents/lock.json"


class Approval(StrEnum):
    """Where WhatsApp's approval of a content stands, in the provider's words; `NONE`: it was never pushed."""

    NONE = "none"
    UNSUBMITTED = "unsubmitted"
    RECEIVED = "received"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    GONE = "gone"
    """The provider has it no more."""


class Held(Struct, frozen=True, omit_defaults=True):
    """One content at the provider. `digest` is of what was pushed; `reason` is why it was rejected."""

    sid: str
    digest: str
    approval: str = Approval.UNSUBMITTED
    category: str = ""
    reason: str = ""


class Locked(Struct, frozen=True, omit_defaults=True):
    """A text in one language: what is sent, and what is to replace it once it is approved."""

    held: Held
    next: Held | None = None

    @property
    def newest(self) -> Held:
        """What was pushed last."""
        return self.next or self.held

    def pushed(self, new: Held) -> Locked:
        """After another text was pushed: an approved one is sent until that one is approved as well."""
        waits = self.held.approval == Approval.APPROVED != new.approval
        return Locked(self.held, new) if waits and self.held.sid != new.sid else Locked(new)

    def looked_at(self, sid: str, approval: str, category: str, reason: str) -> Locked:
        """After the approval of one of them was asked for."""
        held, following = self.held, self.next
        if held.sid == sid:
            held = replace(held, approval=approval, category=category or held.category, reason=reason)
        elif following is not None and following.sid == sid:
            following = replace(following, approval=approval, category=category or following.category, reason=reason)
        if following is not None and following.approval == Approval.APPROVED:
            return Locked(following)
        return Locked(held, following)


Lock = Mapping[str, Mapping[str, Locked]]
"""Template -> language -> what stands for it."""


class _File(Struct):
    contents: dict[str, dict[str, Locked]]


class NotALockError(Exception):
    """This is not what `stamgast templates push` writes."""


def read_lock(text: str) -> Lock:
    """Read the file's text. Raises `NotALockError`."""
    try:
        return msgspec.json.decode(text, type=_File).contents
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotALockError(str(error)) from None


def written_lock(lock: Lock) -> str:
    """The file's text, in an order that makes small differences."""
    plain = {name: {language: lock[name][language] for language in sorted(lock[name])} for name in sorted(lock)}
    return msgspec.json.format(msgspec.json.encode(_File(plain)), indent=2).decode() + "\n"


def sids_in(lock: Lock) -> dict[str, dict[str, str]]:
    """Template -> language -> the ContentSid that is sent."""
    return {name: {language: each.held.sid for language, each in of.items()} for name, of in lock.items()}


def all_held(lock: Lock) -> Iterator[tuple[str, str, Held]]:
    """Everything that is asked about: template, language, content."""
    for name, languages in lock.items():
        for language, locked in languages.items():
            yield name, language, locked.held
            if locked.next is not None:
                yield name, language, locked.next
