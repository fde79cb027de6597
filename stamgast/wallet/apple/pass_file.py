"""A `.pkpass`: a zip of pass.json, pictures, a manifest of their SHA-1s, and a detached PKCS#7 signature of that."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from stamgast.domain.contrast import channels_of
from stamgast.wallet.apple.certificates import AppleAccount
from stamgast.wallet.content import PassContent
from stamgast.wallet.images import apple_images, ink_on
from stamgast.wallet.words import Word, count, say

MEDIA_TYPE: Final = "application/vnd.apple.pkpass"
_SAME_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""Of each file in it: the same card comes to the same bytes, but for the signature."""
_MOST_BESIDE: Final = 2
"""Vouchers on the front; all of them are on the back."""


def pkpass(content: PassContent, account: AppleAccount, serial: str, token: str, page: str) -> bytes:
    """The signed pass. `page` is the address of the card's page, for its back; empty: none."""
    files = {"pass.json": msgspec.json.encode(pass_json(content, account, serial, token, page))}
    card = content.cards[0] if content.cards else None
    files |= apple_images(content.colour, *((card.stamps, card.of) if card else (0, 0)), content.look)
    manifest = msgspec.json.encode(
        {name: hashlib.sha1(value, usedforsecurity=False).hexdigest() for name, value in files.items()}
    )
    files |= {"manifest.json": manifest, "signature": sign(manifest, account)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, value in files.items():
            whole.writestr(zipfile.ZipInfo(name, _SAME_DAY), value, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def sign(manifest: bytes, account: AppleAccount) -> bytes:
    """A detached PKCS#7 signature (DER), with the certificate, Apple's intermediate, and when it was made."""
    builder = PKCS7SignatureBuilder().set_data(manifest).add_signer(account.certificate, account.key, SHA256())
    options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary]
    return builder.add_certificate(account.intermediate).sign(Encoding.DER, options)


def pass_json(content: PassContent, account: AppleAccount, serial: str, token: str, page: str) -> dict[str, Any]:
    """What a pass says. Nothing in it asks the phone to notify anybody: that is what messages are for."""
    ink = _rgb(ink_on(content.colour))
    made: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": account.pass_type,
        "teamIdentifier": account.team,
        "serialNumber": serial,
        "authenticationToken": token,
        "webServiceURL": account.web_service,
        "organizationName": content.shop,
        "description": content.description,
        "logoText": content.shop,
        "backgroundColor": _rgb(content.colour),
        "foregroundColor": ink,
        "labelColor": ink,
        "sharingProhibited": True,
        "storeCard": _fields(content, page),
    }
    if content.void:
        return made | {"voided": True}
    code = {
        "format": "PKBarcodeFormatQR",
        "message": content.scanned,
        "messageEncoding": "iso-8859-1",
        "altText": content.scanned,
    }
    return made | {"barcodes": [code]}


def _fields(content: PassContent, page: str) -> dict[str, Any]:
    if content.void:
        return {"secondaryFields": [_field("void", "", say(Word.VOID, content.language))]}
    language = content.language
    fields: dict[str, Any] = {}
    if content.cards:
        first = content.cards[0]
        label = say(Word.STAMPS, language) if len(content.cards) == 1 else first.name
        fields["headerFields"] = [_field("stamps", label, f"{first.stamps} / {first.of}")]
        fields["secondaryFields"] = [_field("missing", say(Word.NEXT, language), content.missing(first))]
        if first.until:
            fields["secondaryFields"].append(_field("last_day", say(Word.LAST_DAY, language), content.last_day(first)))
    if content.vouchers:
        label = count(Word.READY, len(content.vouchers), language)
        fields["auxiliaryFields"] = [
            _field(f"voucher{number}", label if not number else "", f"{content.promise(each)}, {content.until(each)}")
            for number, each in enumerate(content.vouchers[:_MOST_BESIDE])
        ]
    back = [
        _field(f"card{number}", each.name, f"{each.stamps} / {each.of}\n{content.told(each)}")
        for number, each in enumerate(content.cards)
    ]
    if content.vouchers:
        lines = (f"{content.promise(each)}\n{each.short}, {content.until(each)}" for each in content.vouchers)
        back.append(_field("vouchers", say(Word.ALL, language), "\n\n".join(lines)))
    if page:
        back.append(_field("page", say(Word.PAGE, language), page))
    return fields | {"backFields": back}


def _field(key: str, label: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value} | ({"label": label} if label else {})


def _rgb(colour: str) -> str:
    return f"rgb({', '.join(map(str, channels_of(colour)))})"
