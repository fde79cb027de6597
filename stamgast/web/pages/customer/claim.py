"""`/r/{token}`: the QR on a receipt. Whoever opens it says whose purchase it was, once.

A token is good for one receipt, and a receipt is claimed once. Nothing of a card is shown to who only says a phone; who
has opened their card on this device claims for it without saying anything.
"""

from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.claims import ClaimOutcome
from stamgast.domain.program import Program
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import BadPhoneError, normalise_phone
from stamgast.identity.receipt_tokens import LONGEST, TokenError
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.claims import claim_by_page
from stamgast.web.auth import check_fit
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.customer.holder import form_of, shared, slowed
from stamgast.web.pages.customer.own_card import cards_in
from stamgast.web.pages.rendering import answer
from stamgast.web.problem import Problem, unavailable

WAITS: Final = "waits"


class Receipt(NamedTuple):
    """Whose receipt a token is of."""

    program: Program
    transaction: str


class Claiming(NamedTuple):
    """What the page says, for scripts. `outcome` is empty before somebody has claimed."""

    shop: str
    asks: bool
    own: bool
    """A card of this shop was opened on this device."""
    outcome: str
    wrong: bool


@open_to(Way.LINK)
async def get_claim_page(request: Request) -> Response:
    """Ask whose it was. `GET` changes nothing: messengers look at links before people do."""
    deps = deps_of(request)
    receipt = await receipt_of(request, deps)
    return _page(request, receipt, own=bool(await _own_card(request, deps, receipt.program)))


@open_to(Way.LINK)
async def post_claim_page(request: Request) -> Response:
    """Let it be theirs, if it is nobody's yet."""
    deps = deps_of(request)
    receipt = await receipt_of(request, deps)
    slowed(request, "claim")
    check_fit(deps)
    form = await form_of(request)
    own = await _own_card(request, deps, receipt.program)
    customer = own if form.get("whose") == "own" else ""
    if not customer:
        said = str(form.get("phone", ""))
        try:
            phone = normalise_phone(said, receipt.program.home)
        except BadPhoneError:
            return _page(request, receipt, own=bool(own), status=422, wrong=True, phone=said)
        names = [Identifier("phone", phone)]
        found = await deps.identities.resolve(receipt.program.merchant, names, deps.clock.now(), deps.last_heard)
        customer = found.customer
    outcome = await claim_by_page(deps, receipt.program, receipt.transaction, customer)
    return _page(request, receipt, own=bool(own), outcome=WAITS if outcome is None else outcome.value)


async def receipt_of(request: Request, deps: Deps) -> Receipt:
    """Which receipt an address names. Raises `Problem` 404, 429, 503."""
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    token = request.path_params["token"]
    for program in await deps.merchants.all() if len(token) <= LONGEST else ():
        try:
            return Receipt(program, deps.identities.receipt_tokens.transaction_in(program.merchant, token))
        except TokenError:
            continue
    slowed(request, "receipts")
    raise Problem(404, "no-receipt", "This address is of no receipt.")


async def _own_card(request: Request, deps: Deps, program: Program) -> str:
    """The customer whose card was opened on this device, at this shop; empty: nobody's was."""
    for token in cards_in(request):
        found = await deps.identities.cards.opened(token, [program.merchant])
        if found is not None:
            return found[1]
    return ""


def _page(
    request: Request,
    receipt: Receipt,
    *,
    own: bool,
    status: int = 200,
    outcome: str = "",
    wrong: bool = False,
    phone: str = "",
) -> Response:
    program = receipt.program
    asks = outcome in {"", ClaimOutcome.NO_RECEIPT}  # the till may tell of it yet; whatever else was said stays so
    values: dict[str, Any] = {"own": own, "outcome": outcome, "asks": asks, "wrong": wrong, "phone": phone}
    model = Claiming(program.name, asks, own, outcome, wrong)._asdict()
    return answer(
        request, "customer/claim.html", model, status=status, **shared(program, program.languages[0]), **values
    )
