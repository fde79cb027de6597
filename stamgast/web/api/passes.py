"""Cards as they are put into wallets and fetched from there: read of the owner's state at each request."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from stamgast.domain.customer import Customer
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.state.passes import Held
from stamgast.wallet.apple.certificates import AppleAccount
from stamgast.wallet.apple.pass_file import MEDIA_TYPE, pkpass
from stamgast.wallet.content import PassContent, content_of, void_content
from stamgast.web.api.customers import stored
from stamgast.web.deps import Deps

_KEPT_S: Final = 400 * 86_400
_HASH: Final = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A pass as it is now."""

    held: Held
    program: Program
    content: PassContent

    @property
    def mark(self) -> str:
        """Which pass and which version of it, in 20 hexadecimal digits."""
        name = hashlib.blake2b(self.held.serial.encode(), digest_size=_HASH).hexdigest()
        return name + self.content.version


async def shown_of(deps: Deps, serial: str) -> Shown | None:
    """The pass of a serial number; None: none of ours. Raises NotLoadedError, NotFilledError."""
    programs = {each.merchant: each for each in await deps.merchants.all()}
    held = await deps.identities.passes.held(serial, programs)
    return None if held is None else await _shown(deps, held, programs[held.merchant])


async def shown_to(deps: Deps, program: Program, customer: str) -> Shown:
    """The pass of somebody whose card is open. Raises as `shown_of`."""
    serial = await deps.identities.passes.serial(program.merchant, customer)
    return await _shown(deps, Held(program.merchant, customer, serial, void=False), program)


async def _shown(deps: Deps, held: Held, program: Program) -> Shown:
    profile = await deps.identities.profile(held.merchant, held.customer)
    language = profile.language if profile is not None else ""
    if held.void:
        return Shown(held, program, void_content(program, language))
    state = await stored(deps, held.merchant, held.customer) or Customer()
    content = content_of(held.customer, state, program, language or state.language, deps.clock.now())
    return Shown(held, program, content)


async def page_address(deps: Deps, held: Held) -> str:
    """Where the card's page is; a void pass leads nowhere."""
    if held.void:
        return ""
    return f"{deps.public_url}/c/{await deps.identities.cards.token(held.merchant, held.customer)}"


async def changed_at(deps: Deps, shown: Shown, at: Millis) -> int:
    """When it became as it is, in seconds: first seen so. A Redis that has forgotten it says now, which is later."""
    key, version = f"wallet:seen:{shown.held.serial}", shown.content.version
    before, _, since = (await deps.redis.get(key) or b"").decode().partition(" ")
    if before == version:
        return int(since)
    now = max(at // 1_000, int(since or 0) + 1)  # of two versions within a second the second is a second later
    await deps.redis.call("SET", key, f"{version} {now}", "EX", _KEPT_S)
    return now


async def answer_pass(deps: Deps, account: AppleAccount, shown: Shown, headers: dict[str, str]) -> Response:
    """The signed pass."""
    serial, page = shown.held.serial, await page_address(deps, shown.held)
    token = deps.identities.passes.authentication(serial)
    made = await asyncio.to_thread(pkpass, shown.content, account, serial, token, page)
    usual = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex, nofollow"}
    return Response(made, headers=usual | headers, media_type=MEDIA_TYPE)


def tag_of(passes: Sequence[Shown]) -> str:
    """What a device sends back to hear of what has changed since."""
    return "".join(each.mark for each in passes)


def changed_since(passes: Sequence[Shown], tag: str) -> list[Shown]:
    """Those that are not as they were when the tag was given out; all of them for one that is none of ours."""
    size = _HASH * 2 + 12
    known = {tag[place : place + size] for place in range(0, len(tag), size)}
    return [each for each in passes if each.mark not in known]
