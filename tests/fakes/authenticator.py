"""An authenticator as WebAuthn describes one, with a key of its own: what it says of itself, a test may falsify."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey of one site."""

    def __init__(self, site: str, origin: str) -> None:
        self.site = site
        self.origin = origin
        self.counter = 0
        self.verifies = True
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = os.urandom(32)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` answers."""
        public = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self._id)) + self._id + cbor2.dumps(cose)
        data = self._said(_ATTESTED) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._credential({"attestationObject": text(made), "clientDataJSON": text(client), "transports": []})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` answers."""
        data = self._said(0)
        client = self._client("webauthn.get", options["challenge"])
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": text(data), "clientDataJSON": text(client), "signature": text(signature)}
        return self._credential({**response, "userHandle": None})

    def _said(self, more: int) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.site.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        own = {"id": text(self._id), "rawId": text(self._id), "type": "public-key"}
        return {**own, "response": response, "clientExtensionResults": {}}


def text(raw: bytes) -> str:
    """Base64url, as browsers write it."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
