"""The token on a receipt, as QR or in a link: whoever shows it has seen the receipt, and may claim it.

`<transaction, base64url>.<HMAC, base64url>`: 128 bits under a key that derives from `ID_KEY`, for one merchant and one
transaction. Nothing is stored for it; it is good once, because a transaction is claimed once, and as long as the
transaction may be claimed.
"""

import base64
import hmac
from typing import Final

from stamgast.identity.sealing import derive_key

_BYTES: Final = 16
LONGEST: Final = 1_200
"""Of 200 characters of a transaction id, four bytes each, and what is around them."""


class TokenError(ValueError):
    """A text is no token of this merchant's; its own text says what is wrong."""


class ReceiptTokens:
    """Makes and reads them."""

    def __init__(self, id_key: bytes) -> None:
        self._key = derive_key(id_key, "receipt tokens")

    def of(self, merchant: str, transaction: str) -> str:
        """The token of a transaction, under the id by which it is told apart."""
        return f"{_written(transaction.encode())}.{_written(self._mac(merchant, transaction))}"

    def transaction_in(self, merchant: str, token: str) -> str:
        """Of which transaction a token is. Raises `TokenError`."""
        name, dot, mac = token.partition(".")
        try:
            transaction, given = _read(name).decode(), _read(mac)
        except ValueError:
            raise TokenError("is not a receipt's token: send it as it was given, whole") from None
        if not dot or not hmac.compare_digest(given, self._mac(merchant, transaction)):
            raise TokenError("is not a token of this merchant's: it was changed, cut off, or is another merchant's")
        return transaction

    def _mac(self, merchant: str, transaction: str) -> bytes:
        parts = (merchant.encode(), transaction.encode())
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, "sha256")[:_BYTES]


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
