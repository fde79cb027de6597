"""Whose card an address opens, and what their pages share."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.domain.customer import Customer
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.identity.records import Profile
from stamgast.state.keys import PartitionKeys
from stamgast.web.access.forms import read_form
from stamgast.web.api.customers import stored
from stamgast.web.auth import read_body, take_or_refuse, too_many
from stamgast.web.connections import address_of
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.customer.drawing import logo_of
from stamgast.web.pages.languages import language_of
from stamgast.web.pages.looks import OURS
from stamgast.web.problem import Problem, unavailable

FORM_BYTES: Final = 8_000
_FORM: Final = frozenset({"application/x-www-form-urlencoded"})


@dataclass(frozen=True)
class Holder:
    """A card's customer, of whom the pages of a request are."""

    deps: Deps
    program: Program
    customer: str
    token: str
    state: Customer
    profile: Profile

    @property
    def merchant(self) -> str:
        """Whose programme it is."""
        return self.program.merchant

    @property
    def usual(self) -> str:
        """What is spoken to them."""
        return self.profile.language or self.state.language or self.program.languages[0]

    @property
    def path(self) -> str:
        """Where their card is."""
        return f"/c/{self.token}"

    @cached_property
    def slot(self) -> PartitionKeys:
        """Where their partition's owner keeps what it knows of them."""
        return self.deps.slot_of(key_of(self.merchant, self.customer))

    @cached_property
    def phone_hash(self) -> str:
        """What stands for their phone; empty: none is known."""
        phone = self.profile.phone
        return self.deps.identities.hash_phone(self.merchant, phone) if phone else ""

    @property
    def shared(self) -> dict[str, Any]:
        """What each of their pages is given."""
        return {"path": self.path} | shared(self.program, self.usual)

    def back(self, done: str, where: str = "") -> Response:
        """To a page of theirs, which says what was done: who loads it again does nothing twice."""
        return RedirectResponse(f"{self.path}{where}?done={done}", 303, headers={"Referrer-Policy": "no-referrer"})


def shared(program: Program, usual: str) -> dict[str, Any]:
    """What each page of a merchant's is given."""
    look = program.look
    return {
        "usual": usual,
        "colour": look.colour or OURS,
        "referrer": "no-referrer",
        "shop": program.name,
        "logo": logo_of(look),
        "privacy": look.privacy,
    }


async def holder_of(request: Request) -> Holder:
    """Whose card it is. Raises `Problem` 404, alike for each that opens nothing; 429 for who tries many; 503."""
    deps, token = deps_of(request), request.path_params["token"]
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    address = _address(request)
    if seconds := deps.wrong_codes.wait(address):
        raise too_many("cards that do not exist", seconds)
    programs = {each.merchant: each for each in await deps.merchants.all()}
    found = await deps.identities.cards.opened(token, programs)
    if found is None:
        deps.wrong_codes.take(address)
        raise Problem(404, "no-card", "This address opens no card.")
    merchant, customer = found
    state = await stored(deps, merchant, customer) or Customer()
    profile = await deps.identities.profile(merchant, customer) or Profile()
    return Holder(deps, programs[merchant], customer, token, state, profile)


def slowed(request: Request, what: str) -> None:
    """Take one of the few things that somebody may ask for from one address. Raises `Problem` 429."""
    take_or_refuse(deps_of(request).wrong_codes, f"{_address(request)}:{what}", "requests")


async def form_of(request: Request) -> FormData:
    """What a page's form says. Raises `Problem` 413, 415."""
    return read_form(await read_body(request, FORM_BYTES, _FORM))


def speaks(request: Request, usual: str) -> str:
    """The language that a page of theirs is in."""
    return language_of(request, usual)


def drawn(markup: str) -> Markup:
    """A drawing that was made anew when the programme was read, or is ours."""
    return Markup(markup)  # noqa: S704  made anew of shapes alone


def _address(request: Request) -> str:
    return f"page:{address_of(request.client.host)}" if request.client else "page:"
