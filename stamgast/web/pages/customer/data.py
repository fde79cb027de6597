"""`/c/{token}/data`: what is known of somebody, to take along or to have forgotten; each confirmed by their phone.

The code goes the way of every message: an event to the customer's owner, and through the outbox, by SMS, or by WhatsApp
while its window is open. It follows from the request and stands nowhere; what it is for is in Redis for ten minutes.
"""

import hmac
import secrets
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from stamgast.clock.shop_time import format_time
from stamgast.domain.answers import CODE_LIFE
from stamgast.domain.channels import spec_of
from stamgast.domain.events import CodeAsked
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel
from stamgast.people.erasure import erase_person
from stamgast.people.pages import MOST, Asked, purchases_page, read_cursor, vouchers_page
from stamgast.people.view import show_customer
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.customers import stored
from stamgast.web.auth import check_fit, too_many
from stamgast.web.kept import kept_of
from stamgast.web.pages.customer.holder import Holder, form_of, holder_of, shared, slowed, speaks
from stamgast.web.pages.languages import texts
from stamgast.web.pages.rendering import answer, page
from stamgast.web.webhooks.twilio import append_events

EXPORT: Final = "export"
ERASE: Final = "erase"
_WHERE: Final = "/data"
_OPEN_S: Final = CODE_LIFE // 1_000
_MOST_TRIES: Final = 5
_CODE: Final = 6
_OF_THE_LOG: Final = ("consents", "replies", "pictures", "messages", "events")


class Wanted(msgspec.Struct):
    """What a code is for."""

    what: str
    request: str


@dataclass(frozen=True, slots=True)
class Data:
    """What the page shows: which of the two waits for its code, and over what a code could go."""

    waits_for: str
    channel: str
    """Empty: no phone can be reached now."""


@open_to(Way.LINK)
async def get_data(request: Request) -> Response:
    """Say what is kept, and offer both."""
    holder = await holder_of(request)
    wanted = await _wanted(holder)
    channel = reached_by(holder.program, holder, holder.deps.clock.now())
    shown = Data("" if wanted is None else wanted.what, channel)
    done = request.query_params.get("done", "")
    return answer(
        request,
        "customer/data.html",
        shown,
        **holder.shared,
        done=done,
        fields=_fields(holder, speaks(request, holder.usual)),
    )


@open_to(Way.LINK)
async def post_data(request: Request) -> Response:
    """Have a code sent to the phone."""
    holder = await holder_of(request)
    slowed(request, "codes")
    check_fit(holder.deps)
    what = str((await form_of(request)).get("what", ""))
    at = holder.deps.clock.now()
    channel = reached_by(holder.program, holder, at)
    if what not in {EXPORT, ERASE} or not channel:
        return holder.back("no", _WHERE)
    wanted = Wanted(what, f"code:{secrets.token_hex(12)}")
    await holder.deps.redis.call("SET", _key(holder), msgspec.json.encode(wanted), "EX", _OPEN_S)
    asked = CodeAsked(merchant=holder.merchant, customer=holder.customer, at=at, id=wanted.request, channel=channel)
    await append_events(holder.deps, [asked])
    return holder.back("sent", _WHERE)


@open_to(Way.LINK)
async def post_code(request: Request) -> Response:
    """Do what the code was asked for. Five wrong ones end it."""
    holder = await holder_of(request)
    check_fit(holder.deps)
    wanted = await _wanted(holder)
    if wanted is None:
        return holder.back("over", _WHERE)
    if await _tries(holder) > _MOST_TRIES:
        await holder.deps.redis.delete(_key(holder))
        raise too_many("codes that are wrong", _OPEN_S)
    said = str((await form_of(request)).get("code", "")).replace(" ", "")
    right = holder.deps.identities.veil(holder.merchant).code(wanted.request)
    if len(said) != _CODE or not hmac.compare_digest(said.encode(), right.encode()):
        return holder.back("wrong", _WHERE)
    await holder.deps.redis.delete(_key(holder))
    return await (_export(holder) if wanted.what == EXPORT else _erase(request, holder))


def reached_by(program: Program, holder: Holder, at: Millis) -> str:
    """Over what a code can go now: SMS, else a channel whose window they have opened; empty: over none."""
    state = holder.state
    if not holder.phone_hash or state.stopped_at or state.dead_phone:
        return ""
    for channel in (Channel.SMS, Channel.WHATSAPP):
        window = spec_of(channel).window
        if program.messaging.senders.get(channel) and (window is None or at < state.inbound_at + window):
            return channel.value
    return ""


async def _export(holder: Holder) -> Response:
    """All that is kept of them, as a file of JSON; personal data, for the person themselves."""
    deps, at = holder.deps, holder.deps.clock.now()
    ledger = holder.slot.ledger(holder.merchant, holder.customer)

    async def state() -> Any:
        return await stored(deps, holder.merchant, holder.customer) or holder.state

    whole: dict[str, Any] = {
        "written_at": format_time(at),
        "shop": holder.program.name,
        "profile": msgspec.to_builtins(holder.profile),
        "customer": show_customer(holder.customer, holder.state, holder.program, at),
        "purchases": await _all_pages(partial(purchases_page, deps.redis, ledger, state)),
        "vouchers": await _all_pages(partial(vouchers_page, deps.redis, ledger, state, holder.program)),
    } | await _from_the_log(holder)
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
    headers = {
        "Content-Disposition": 'attachment; filename="my-data.json"',
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(text, headers=headers, media_type="application/json")


async def _from_the_log(holder: Holder) -> dict[str, Any]:
    """What they agreed to with its proofs, what they wrote and sent, and what was sent to them."""
    try:
        document = await kept_of(holder.deps, holder.program, holder.customer)
    except TimeoutError:  # a log that long is read by the shop itself
        return {"left_out": {"what": list(_OF_THE_LOG), "why": f"It takes too long here: ask {holder.program.name}."}}
    return {name: document[name] for name in _OF_THE_LOG}


async def _all_pages(read: Any) -> list[Any]:
    found: list[Any] = []
    asked = Asked(MOST)
    while True:
        these = await read(asked=asked)
        found += these.items
        if these.next is None:
            return found
        asked = Asked(MOST, read_cursor(these.next))


async def _erase(request: Request, holder: Holder) -> Response:
    """Forget the person, as `stamgast customer erase` does; the card's address opens nothing from then on."""
    deps, person = holder.deps, (holder.merchant, holder.customer)
    state = partial(stored, deps, *person)
    at = deps.clock.now()
    await erase_person(deps.identities, deps.appender.append, deps.topics, person, state=state, at=at)
    return page(request, "customer/forgotten.html", **shared(holder.program, holder.usual))


def _fields(holder: Holder, language: str) -> list[str]:
    """What the page itself tells: names of fields alone, since the address may be in somebody else's hands."""
    say = texts(language).gettext
    names = {
        "phone": say("Phone number"),
        "first_name": say("First name"),
        "name": say("Name"),
        "email": say("E-mail address"),
        "birthday": say("Birthday"),
        "language": say("Language"),
    }
    return [text for name, text in names.items() if getattr(holder.profile, name)]


async def _wanted(holder: Holder) -> Wanted | None:
    found = await holder.deps.redis.get(_key(holder))
    return None if found is None else msgspec.json.decode(found, type=Wanted)


async def _tries(holder: Holder) -> int:
    key = f"{_key(holder)}:tries"
    tries = int(await holder.deps.redis.call("INCR", key))
    await holder.deps.redis.call("EXPIRE", key, _OPEN_S)
    return tries


def _key(holder: Holder) -> str:
    return f"web:code:{holder.merchant}:{holder.customer}"
