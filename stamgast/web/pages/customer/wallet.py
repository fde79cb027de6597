"""`/c/{token}.pkpass` and `/c/{token}/google`: the card goes into the wallet of a phone, where that is configured."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.wallet.findings import Wallet
from stamgast.wallet.google.loyalty import class_json, object_json, save_link
from stamgast.wallet.wallets import Wallets
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.passes import answer_pass, page_address, shown_to
from stamgast.web.auth import check_fit
from stamgast.web.deps import Deps
from stamgast.web.pages.customer.holder import holder_of, slowed
from stamgast.web.problem import Problem

_NOT_OFFERED = "This shop does not offer cards for this wallet."


def offered(wallets: Wallets, deps: Deps, path: str, agent: str) -> dict[Wallet, str]:
    """Wallet -> the address that puts the card there: those that a device can have; both where nobody can tell."""
    found = {}
    is_apple, is_android = ("iPhone" in agent or "iPad" in agent or "Macintosh" in agent), "Android" in agent
    if wallets.apple_at(deps.clock.now()) is not None and not is_android:
        found[Wallet.APPLE] = f"{path}.pkpass"
    if wallets.google is not None and not is_apple:
        found[Wallet.GOOGLE] = f"{path}/google"
    return found


@open_to(Way.LINK)
async def get_pkpass(request: Request) -> Response:
    """The signed pass."""
    holder = await holder_of(request)
    account = holder.deps.wallets.apple_at(holder.deps.clock.now())
    if account is None:
        raise Problem(404, "no-wallet", _NOT_OFFERED)
    slowed(request, "pkpass")
    shown = await shown_to(holder.deps, holder.program, holder.customer)
    headers = {"Content-Disposition": 'inline; filename="card.pkpass"', "Referrer-Policy": "no-referrer"}
    return await answer_pass(holder.deps, account, shown, headers)


@open_to(Way.LINK)
async def get_google(request: Request) -> Response:
    """Lead to Google with the card, and keep it up to date there from now on."""
    holder = await holder_of(request)
    deps, account = holder.deps, holder.deps.wallets.google
    if account is None:
        raise Problem(404, "no-wallet", _NOT_OFFERED)
    slowed(request, "google")
    check_fit(deps)
    shown, at = await shown_to(deps, holder.program, holder.customer), deps.clock.now()
    await deps.identities.passes.save(shown.held, at)
    page = await page_address(deps, shown.held)
    card = object_json(account, holder.merchant, shown.held.serial, shown.content, page)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(save_link(account, class_json(account, holder.program), card, at), 303, headers=headers)
