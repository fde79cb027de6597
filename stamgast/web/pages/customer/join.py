"""`/j/{code}`: somebody wants to join. They say their phone and agree; a message from that phone makes it so.

Nothing is sent to a phone that somebody has typed: the page opens WhatsApp or an SMS with `JOIN <code>` in it, and what
comes in is carried out as any other (`stamgast.web.webhooks.joining`), with what was agreed to here as its proof. So
nobody can have others written to, and no answer tells whether a phone is known: nothing is looked up of it. Where a
code's page is flooded, no more is noted, and whoever then sends the message joins by that, as from a poster.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.joining import JoinCode
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import Channel, Purpose
from stamgast.identity.phones import BadPhoneError, normalise_phone
from stamgast.identity.records import Wish
from stamgast.people.join_links import NoNumberError, link_of, number_of, words_of_code
from stamgast.web.access.doors import Way, open_to
from stamgast.web.auth import check_fit
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.customer.drawing import qr
from stamgast.web.pages.customer.holder import form_of, shared, slowed, speaks
from stamgast.web.pages.languages import known, texts
from stamgast.web.pages.rendering import answer
from stamgast.web.problem import Problem, unavailable
from stamgast.web.webhooks.joining import PAGE

TRAP: Final = "website"
"""A field that people do not see: whoever fills it in is a machine, and is thanked like anybody."""


@dataclass(frozen=True, slots=True)
class Number:
    """Where to write, and a link that opens the message."""

    channel: str
    link: str
    number: str


@dataclass(frozen=True, slots=True)
class Joining:
    """What the page says, for scripts: a kiosk's, or a site's own form."""

    merchant: str
    shop: str
    code: str
    words: str
    """What is written to the shop, by one of the `ways`."""
    wording: list[str]
    """What somebody agrees to."""
    ways: list[Number]
    sent: bool
    wrong: str
    """The field that could not be taken: `phone` or `agree`; empty: none."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How the message is sent: what opens it, and the same for a phone's camera."""

    channel: str
    link: str
    qr: Markup
    number: str


@open_to(Way.PUBLIC)
async def get_join(request: Request) -> Response:
    """Show the form."""
    program, code = await _code_of(request, deps_of(request))
    return _page(request, program, code)


@open_to(Way.PUBLIC)
async def post_join(request: Request) -> Response:
    """Note what was agreed to, and show how to send the message."""
    deps = deps_of(request)
    program, code = await _code_of(request, deps)
    slowed(request, "join")
    check_fit(deps)
    form = await form_of(request)
    said = str(form.get("phone", ""))
    language = known(str(form.get("language", ""))) or speaks(request, code.language or program.languages[0])
    try:
        phone = normalise_phone(said, program.home)
    except BadPhoneError:
        return _page(request, program, code, status=422, wrong="phone", phone=said)
    if form.get("agree") != "yes":
        return _page(request, program, code, status=422, wrong="agree", phone=said)
    of_code = f"{program.merchant}:{code.code}"
    if not form.get(TRAP) and not deps.joins_of_codes.take(of_code):
        wording = " ".join(agreed_to(program, code.purposes, speaks(request, code.language or program.languages[0])))
        shown = f"{PAGE}{hashlib.sha256(wording.encode()).hexdigest()[:16]}:{secrets.token_hex(8)}"
        wish = Wish(code.code, shown, deps.clock.now(), language)
        phone_hash = deps.identities.hash_phone(program.merchant, phone)
        await deps.identities.wishes.note_on_page(program.merchant, phone_hash, wish)
    return _page(request, program, code, sent=True)


def agreed_to(program: Program, purposes: Sequence[str], language: str) -> list[str]:
    """The sentences that somebody agrees to, as they are shown; the proof holds their hash and the code's `wording`."""
    say = texts(language).gettext
    shop = {"shop": program.name}
    found = []
    if Purpose.MARKETING in purposes:
        found.append(say("I want to get offers and news from %(shop)s by message.") % shop)
    if Purpose.UTILITY in purposes:
        found.append(say("I want to get messages about my card and my vouchers from %(shop)s.") % shop)
    found.append(say("I can stop that at any time: STOP is enough."))
    return found


async def _code_of(request: Request, deps: Deps) -> tuple[Program, JoinCode]:
    """Whose code it is. Raises `Problem` 404 for one that is nobody's, or of several shops and none is named; 503."""
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    name, merchant = request.path_params["code"].lower(), request.path_params.get("merchant", "")
    have = [
        each for each in await deps.merchants.all() if name in each.join and (not merchant or each.merchant == merchant)
    ]
    if len(have) != 1:
        slowed(request, "codes")
        raise Problem(404, "no-code", "This is no code to join by; where several shops have it: /j/<merchant>/<code>.")
    return have[0], have[0].join[name]


def ways_of(program: Program, code: JoinCode) -> list[Writing]:
    """Over which channels they can write."""
    found = []
    for channel in (Channel.WHATSAPP, Channel.SMS):
        try:
            number = number_of(program, channel)
        except NoNumberError:
            continue
        link = link_of(code, channel, number)
        found.append(Writing(channel.value, link, qr(link), number))
    return found


def _page(
    request: Request,
    program: Program,
    code: JoinCode,
    *,
    status: int = 200,
    wrong: str = "",
    phone: str = "",
    sent: bool = False,
) -> Response:
    usual = code.language or program.languages[0]
    language = speaks(request, usual)
    wording, ways, words = agreed_to(program, code.purposes, language), ways_of(program, code), words_of_code(code)
    numbers = [Number(each.channel, each.link, each.number) for each in ways]
    model = Joining(program.merchant, program.name, code.code, words, wording, numbers, sent, wrong)
    values: dict[str, Any] = {
        "wording": wording,
        "ways": ways,
        "words": words,
        "wrong": wrong,
        "phone": phone,
        "sent": sent,
        "trap": TRAP,
    }
    how = {"status": status, "noindex": False, **shared(program, usual)}
    return answer(request, "customer/join.html", model, **how, **values)
