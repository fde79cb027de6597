"""Whom a scanned or typed text means: a card's QR or link, a voucher in either form, a phone, a membership number."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from stamgast.web.api.customers import look_up_scanned
from stamgast.web.api.scanned import read_scanned
from stamgast.web.auth import too_many
from stamgast.web.guesses import no_such_code
from stamgast.web.pages.till.standing import Stand
from stamgast.web.problem import Problem
from stamgast.web.voucher_lookup import owner_of, read_any

_CARD: Final = re.compile(r"(?:^|/)c/([a-z2-7]+)(?:[/?#.].*)?$", re.IGNORECASE)
"""The link of a card, as a phone shares it."""


class Found(NamedTuple):
    """A customer, and the long code by which they were found."""

    customer: str
    code: str = ""


async def find(at: Stand, text: str) -> Found:
    """Look for it. Raises `Problem` 404, 429, `RefusedError`, `NotFilledError`.

    A long code and a card's link are known by their form. A short code looks as a number of some other kind may: so it
    is looked for last, and only then can it be a wrong one that counts as a guess.
    """
    text = read_scanned({"scanned": text})
    if link := _CARD.search(text):
        return await _card(at, link[1].lower())
    code = read_any(text, at.program, at.deps)
    if code is None or not code.long:
        customer, _ = await look_up_scanned(at.deps, at.entrance, text)
        if customer:
            return Found(customer)
    if code is None:
        raise Problem(404, "nobody", "Nobody is known by this.")
    owner = await owner_of(at.deps, at.entrance, code)
    if not owner.customer:
        raise no_such_code(at.deps, at.device.id, at.merchant)
    return Found(owner.customer, owner.code)


async def _card(at: Stand, token: str) -> Found:
    wrong = at.deps.wrong_codes
    if seconds := wrong.wait(at.device.id):
        raise too_many("cards that do not exist", seconds)
    opened = await at.deps.identities.cards.opened(token, [at.merchant])
    if opened is None:
        wrong.take(at.device.id)
        raise Problem(404, "nobody", "This card is of another shop, or it was replaced.")
    return Found(opened[1])
