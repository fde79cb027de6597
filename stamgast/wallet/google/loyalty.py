"""A shop as a loyalty class, a customer's card as an object of it, and the link that puts that into Google Wallet."""

from __future__ import annotations

from typing import Any, Final

import jwt

from stamgast.domain.look import Look
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.wallet.content import PassContent
from stamgast.wallet.google.account import GoogleAccount
from stamgast.wallet.images import pictured_as
from stamgast.wallet.words import Word, count, say

SAVE: Final = "https://pay.google.com/gp/v/save/"
LONGEST_LINK: Final = 1_800
"""Characters of a token that browsers pass on for sure; what does not fit is added by the first update, at once."""
_USUAL: Final = "#a4471c"
_MOST_LISTED: Final = 10
"""Text modules of an object."""


def class_id(account: GoogleAccount, merchant: str) -> str:
    """The name of a shop's class."""
    return f"{account.issuer}.{merchant}"


def object_id(account: GoogleAccount, serial: str) -> str:
    """The name of a card's object."""
    return f"{account.issuer}.{serial}"


def class_json(account: GoogleAccount, program: Program) -> dict[str, Any]:
    """A shop as Google keeps it."""
    colour = colour_of(program.look)
    own = pictured_as(colour, program.look)
    name = f"{program.merchant}/{own}" if own else colour.removeprefix("#")
    picture = f"{account.public_url}/wallet/logo/{name}.png"
    return {
        "id": class_id(account, program.merchant),
        "issuerName": program.name,
        "programName": program.name,
        "programLogo": {"sourceUri": {"uri": picture}},
        "hexBackgroundColor": colour,
        "reviewStatus": "UNDER_REVIEW",
    }


def object_json(
    account: GoogleAccount, merchant: str, serial: str, content: PassContent, page: str = ""
) -> dict[str, Any]:
    """A card as Google keeps it, whole: what it does not show any more is emptied."""
    made: dict[str, Any] = {
        "id": object_id(account, serial),
        "classId": class_id(account, merchant),
        "state": "INACTIVE" if content.void else "ACTIVE",
    }
    if content.void:
        note = {"id": "void", "body": say(Word.VOID, content.language)}
        return made | {"barcode": None, "loyaltyPoints": None, "textModulesData": [note], "linksModuleData": None}
    made["barcode"] = {"type": "QR_CODE", "value": content.scanned, "alternateText": content.scanned}
    if content.cards:
        first = content.cards[0]
        label = say(Word.STAMPS, content.language) if len(content.cards) == 1 else first.name
        made["loyaltyPoints"] = {"label": label, "balance": {"string": f"{first.stamps} / {first.of}"}}
    made["textModulesData"] = _texts(content)
    if page:
        link = {"id": "page", "uri": page, "description": say(Word.PAGE, content.language)}
        made["linksModuleData"] = {"uris": [link]}
    return made


def colour_of(look: Look) -> str:
    """What a card is drawn in."""
    return look.colour or _USUAL


def save_link(account: GoogleAccount, shop: dict[str, Any], card: dict[str, Any], at: Millis) -> str:
    """The link that puts a card into Google Wallet, and makes the shop's class there if it is the first."""
    modules = list(card.get("textModulesData") or ())
    while len(token := _signed(account, shop, card | {"textModulesData": modules}, at)) > LONGEST_LINK and modules:
        modules.pop()
    return SAVE + token


def _signed(account: GoogleAccount, shop: dict[str, Any], card: dict[str, Any], at: Millis) -> str:
    claims = {
        "iss": account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": at // 1_000,
        "origins": [account.public_url],
        "payload": {"loyaltyClasses": [shop], "loyaltyObjects": [card]},
    }
    return jwt.encode(claims, account.key, "RS256", headers={"kid": account.key_id} if account.key_id else None)


def _texts(content: PassContent) -> list[dict[str, str]]:
    found = []
    for number, each in enumerate(content.cards[:2]):
        header = say(Word.NEXT, content.language) if len(content.cards) == 1 else each.name
        found.append({"id": f"card{number}", "header": header, "body": content.told(each)})
    ready = count(Word.READY, 1, content.language)
    for number, voucher in enumerate(content.vouchers[: _MOST_LISTED - len(found)]):
        body = f"{content.promise(voucher)}\n{voucher.short}, {content.until(voucher)}"
        found.append({"id": f"voucher{number}", "header": ready, "body": body})
    return found
