"""A merchant's contents on their way to WhatsApp: pushed, approved, compared with what stands at the provider."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from channels.twilio.contents import Contents, NewContent, RefusedContentError
from rules.loader import LoadedMerchant
from rules.program.content_lock import LOCK, Approval, Held, Lock, Locked, all_held, read_lock, written_lock
from rules.program.contents import ContentFile
from rules.program.template_check import compiled
from rules.program.template_language import render_bounded
from stamgast.domain.calendar import business_day
from stamgast.domain.card_expiry import EXPIRES_ON
from stamgast.domain.message_words import message_variables
from stamgast.domain.program import Program
from stamgast.domain.recommendations import RECOMMENDED, name_of
from stamgast.domain.referrals import REFERRAL
from stamgast.domain.units import DAY, Millis

Words = Mapping[str, Mapping[str, str]]
_SAMPLE_CODE: Final = "3FF-KLMN-PQRS"
_SAMPLE_FRIENDS_CODE: Final = "05K7P-M4XQ9"
_IN_A_MONTH: Final = 30 * DAY
_APPROVED_NAME: Final = re.compile(r"[^a-z0-9]+")


_TAKE_OUT: Final = "program.yaml names its ContentSid; take `whatsapp` out there, and it is pushed from here"


class Became(StrEnum):
    """What a push came to for a text in one language."""

    PUSHED = "pushed"
    SAME = "same"
    FOUND = "found"
    """It stood there already, made by a push whose answer was lost or whose lock file was."""
    REFUSED = "refused"
    NAMED = "named"
    """program.yaml names a ContentSid for it, which somebody made by hand: that is sent."""


class Compared(StrEnum):
    """How a text of `contents/` stands to what was pushed of it last."""

    NEW = "new"
    GONE = "gone"
    """The provider has it no more."""
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Pushed:
    """One text in one language: what became of it; `why` it was refused."""

    template: str
    language: str
    became: Became
    held: Held | None
    why: str = ""


class Locks:
    """A merchant's lock file, written anew at each change: whatever ends a push, what was done is known."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / LOCK
        self.lock: dict[str, dict[str, Locked]] = {}
        if self.file.is_file():
            self.lock = {name: dict(of) for name, of in read_lock(self.file.read_text(encoding="utf-8")).items()}

    def put(self, template: str, language: str, locked: Locked) -> None:
        """Keep what stands for a text now. Raises `OSError`."""
        self.lock.setdefault(template, {})[language] = locked
        self.file.parent.mkdir(exist_ok=True)
        beside = self.file.with_suffix(".new")
        beside.write_text(written_lock(self.lock), encoding="utf-8")
        beside.replace(self.file)


def wanted(loaded: LoadedMerchant, only: frozenset[str]) -> Iterator[tuple[ContentFile, str]]:
    """The texts that are meant: those of `only`, or all."""
    for name, file in sorted(loaded.contents.items()):
        if not only or name in only:
            for language in file.languages:
                yield file, language


async def push(
    loaded: LoadedMerchant, locks: Locks, contents: Contents, now: Millis, only: frozenset[str] = frozenset()
) -> list[Pushed]:
    """Create what is new or was changed, and ask for its approval. What did not change is left alone."""
    told, known = [], await contents.sids_by_name()
    for file, language in wanted(loaded, only):
        if by_hand(loaded, locks.lock, file.template, language):
            told.append(Pushed(file.template, language, Became.NAMED, None, _TAKE_OUT))
            continue
        digest = file.digest(language)
        locked = locks.lock.get(file.template, {}).get(language)
        held = _of_digest(locked, digest)
        if held is not None and held.approval != Approval.UNSUBMITTED:
            told.append(Pushed(file.template, language, Became.SAME, held))
            continue
        samples = _samples(loaded.program, file, language, now)
        new = NewContent(_name(loaded, file, language), language, file.languages[language].types(), samples)
        try:
            became, held = await _pushed(contents, known, new, digest, file.category.upper())
        except RefusedContentError as error:
            told.append(Pushed(file.template, language, Became.REFUSED, None, str(error)))
            continue
        locks.put(file.template, language, Locked(held) if locked is None else locked.pushed(held))
        told.append(Pushed(file.template, language, became, held))
    return told


def by_hand(loaded: LoadedMerchant, lock: Lock, template: str, language: str) -> str:
    """The ContentSid that program.yaml itself names for a text; empty where it leaves that to the lock file."""
    sid = loaded.program.templates[template].whatsapp.get(language, "")
    locked = lock.get(template, {}).get(language)
    return "" if locked is not None and locked.held.sid == sid else sid


def _of_digest(locked: Locked | None, digest: str) -> Held | None:
    """The newest content, if it says what the file says."""
    return locked.newest if locked is not None and locked.newest.digest == digest else None


async def _pushed(
    contents: Contents, known: Mapping[str, str], new: NewContent, digest: str, category: str
) -> tuple[Became, Held]:
    sid, became = known.get(new.name, ""), Became.FOUND
    told = await contents.look(sid) if sid else None
    if told is None:
        sid, became = await contents.create(new), Became.PUSHED
    held = held_of(told, digest) if told is not None else Held(sid, digest, category=category)
    if held.approval == Approval.UNSUBMITTED:
        name = _APPROVED_NAME.sub("_", new.name.casefold()).strip("_")
        held = Held(sid, digest, await contents.submit(sid, name, category), category)
    return became, held


def held_of(told: Mapping[str, Any], digest: str) -> Held:
    """What the provider says of a content."""
    approval = told["approval_requests"]
    state = str(approval.get("status") or Approval.UNSUBMITTED)
    category, reason = str(approval.get("category") or ""), str(approval.get("rejection_reason") or "")
    return Held(str(told["sid"]), digest, state, category, reason)


def _name(loaded: LoadedMerchant, file: ContentFile, language: str) -> str:
    return f"{loaded.program.merchant}.{file.template}.{language}.{file.digest(language)}"


def _samples(program: Program, file: ContentFile, language: str, now: Millis) -> dict[str, str]:
    """What WhatsApp's people see in each place: as the file says, else as a customer of this shop would."""
    words = sample_words(program, language, now)
    filled = filled_variables(program, file.template, words)
    return {number: file.samples.get(number) or filled.get(number) or "…" for number in file.languages[language].places}


def sample_words(program: Program, language: str, now: Millis, first_name: str = "Noor", name: str = "") -> Words:
    """What a message says to a customer who does not exist: with the first reward, on the first card but one stamp."""
    card = next(iter(program.cards.values()), None)
    data: dict[str, Any] = {
        "code": _SAMPLE_CODE,
        "reward": next(iter(program.rewards), ""),
        "valid_until": now + _IN_A_MONTH,
    }
    data |= {REFERRAL: _SAMPLE_FRIENDS_CODE, RECOMMENDED: _sample_product(program, language)}
    if card is not None:
        data |= {"card": card.id, "stamps": {card.id: card.stamps_required - 1}}
        data |= {EXPIRES_ON: business_day(now + _IN_A_MONTH, program.time_zone)}
    return message_variables(program, data, language, first_name=first_name, name=name)


def _sample_product(program: Program, language: str) -> tuple[str, str]:
    """What sells best, or what the shop itself recommends; something, where neither is known."""
    known = [each.sku for each in program.goods.best] + [
        sku for after in program.recommend.pairs.values() for sku in after
    ]
    sku = next(iter(known), "SKU-1")
    return sku, name_of(sku, program.goods, program.recommend, language) or sku


def filled_variables(program: Program, template: str, words: Words) -> dict[str, str]:
    """Number -> what stands there for these words; without those that cannot be filled."""
    found = {}
    for number, source in program.templates[template].variables.items():
        try:
            found[number] = " ".join(render_bounded(compiled(source), words).split())
        except Exception:  # noqa: BLE001, S112  told by `rules check`; a preview goes on without
            continue
    return found


async def look_again(locks: Locks, contents: Contents, tell: Callable[[str, str, Held], None]) -> list[Held]:
    """Ask for the approval of all that was pushed; what is approved takes the place of what was.

    Returns what the provider no longer has.
    """
    gone = []
    for template, language, held in list(all_held(locks.lock)):
        told = await contents.look(held.sid)
        if told is None:
            gone.append(held)
            continue
        seen = held_of(told, held.digest)
        locked = locks.lock[template][language]
        after = locked.looked_at(seen.sid, seen.approval, seen.category, seen.reason)
        if after != locked:
            locks.put(template, language, after)
        tell(template, language, seen)
    return gone


def difference(theirs: Mapping[str, Any], file: ContentFile, language: str) -> list[str]:
    """Lines of a unified difference between what the provider has and what the file says; none if there is none."""
    before, after = (_lines(each) for each in (theirs, file.languages[language].types()))
    return list(difflib.unified_diff(before, after, "at Twilio", f"contents/{file.template}.yaml", lineterm="", n=1))


def _lines(types: Mapping[str, Any]) -> list[str]:
    """A content in lines that can be compared: each part by itself."""
    lines = []
    for kind, told in sorted(types.items()):
        for part, value in sorted((told or {}).items()):
            if value:
                lines += [f"{kind} {part}: {line}" for each in _flat(value) for line in each.splitlines()]
    return lines


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, Mapping):
        yield " | ".join(f"{name}={value[name]}" for name in sorted(value) if value[name])
    else:
        yield str(value)


def newest_of(lock: Lock, template: str, language: str) -> Held | None:
    """What was pushed last of a text."""
    locked = lock.get(template, {}).get(language)
    return None if locked is None else locked.newest
