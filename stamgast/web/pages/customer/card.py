"""`GET /c/{token}`: somebody's stamp card, as the owner of their customer keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.apart import still_open
from stamgast.domain.customer import Customer
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.people.pages import Asked, purchases_page
from stamgast.people.shown_card import Stamps, Voucher, stamps_on, vouchers_of
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.customers import stored
from stamgast.web.pages.customer.drawing import mark_of, qr
from stamgast.web.pages.customer.holder import Holder, holder_of, speaks
from stamgast.web.pages.customer.own_card import remember
from stamgast.web.pages.customer.version import version_of
from stamgast.web.pages.rendering import answer

_LATELY: Final = 10
"""Purchases that the page shows."""


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase; money in minor units."""

    day: str
    spend: int
    stamps: int
    refunded: int
    waits: bool


@dataclass(frozen=True, slots=True)
class CardPage:
    """What a card's page shows, and its JSON has."""

    shop: str
    customer: str
    """What a till scans, or looks up."""
    cards: Sequence[Stamps]
    vouchers: Sequence[Voucher]
    more_vouchers: int
    bought: Sequence[Bought]
    currency: str
    stopped: bool
    picture: str
    """Where the card is as an image, as it is now."""


def show_card(
    holder: tuple[str, Program, Customer], language: str, at: Millis, bought: Sequence[Mapping[str, Any]], picture: str
) -> CardPage:
    """What there is to see at a moment, in a language; `bought` is as `stamgast.people.pages` has it."""
    customer, program, state = holder
    return CardPage(
        shop=program.name,
        customer=customer,
        cards=[stamps_on(state, card, program, language) for card in program.cards.values()],
        vouchers=vouchers_of(state, program, language, at),
        more_vouchers=sum(still_open(state.apart).values()),
        bought=[
            Bought(each["day"], each["spend"], sum(each["stamps"].values()), each["refunds"], each["waits_for_review"])
            for each in bought
        ],
        currency=program.currency,
        stopped=bool(state.stopped_at),
        picture=picture,
    )


async def page_of(holder: Holder, language: str) -> CardPage:
    """Read what a card's page shows: this customer's own state and ledger, and nothing else."""
    newest = holder.state

    async def state() -> Customer:
        nonlocal newest
        newest = await stored(holder.deps, holder.merchant, holder.customer) or newest
        return newest

    ledger = holder.slot.ledger(holder.merchant, holder.customer)
    lately = await purchases_page(holder.deps.redis, ledger, state, Asked(_LATELY))
    whose = (holder.customer, holder.program, newest)
    at = holder.deps.clock.now()
    shown = partial(show_card, whose, language, at, lately.items)
    version = version_of(shown(""), holder.program.look)
    return shown(f"{holder.path}.png?lang={language}&v={version}")


@open_to(Way.LINK)
async def get_card(request: Request) -> Response:
    """Show it, or answer with what it shows as JSON."""
    holder = await holder_of(request)
    shown = await page_of(holder, speaks(request, holder.usual))
    codes = {each.code: qr(each.code) for each in shown.vouchers}
    made = answer(
        request,
        "customer/card.html",
        shown,
        **holder.shared,
        mark=mark_of(holder.program.look),
        till=qr(holder.customer.upper()),
        codes=codes,
        done=request.query_params.get("done", ""),
    )
    remember(request, made, holder.token)
    return made
