"""What a shop's own program writes to `purchases.v1`: the record, and the proof that it comes from its merchant.

It needs nothing but Python, so that a shop can copy this file. `docs/producing.md` says the same for other languages.
With kafka-python, aiokafka or, by `produce`, confluent-kafka::

    bakery = Producing("bakkerij-noord", os.environ["STAMGAST_PRODUCE_KEY"])
    producer.send("purchases.v1", **bakery.record(purchase))
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, TypedDict

PROOF: Final = "stamgast-proof"
"""The header that it stands in."""


class ProducerRecord(TypedDict):
    """The words of `send`."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def proof_of(key: str, value: bytes) -> str:
    """What the header holds beside this value: `<key's id>:<HMAC-SHA256>`. `key` is what `keys create` showed.

    Raises:
        ValueError: it is no such key.
    """
    parts = key.split("_", 2)
    if len(parts) < 3 or parts[0] != "sk" or key != key.strip():
        raise ValueError(
            "not a producer's key: `stamgast keys create MERCHANT --scope produce` makes `sk_<id>_<secret>`"
        )
    return f"{parts[1]}:{hmac.new(key.encode(), value, 'sha256').hexdigest()}"


class Producing:
    """Makes the records of one merchant. `source` says in its CloudEvents which program wrote them."""

    def __init__(self, merchant: str, key: str, *, source: str = "/producer") -> None:
        proof_of(key, b"")  # a wrong key is told now
        self._merchant = merchant
        self._key = key
        self._source = source

    def record(self, purchase: Mapping[str, Any]) -> ProducerRecord:
        """A purchase or refund (`schemas/purchase/1.json`) as it is sent: not a byte of the value may change then.

        Raises:
            ValueError: it has no `transaction_id`.
        """
        transaction = purchase.get("transaction_id")
        if not transaction:
            raise ValueError("a purchase has a transaction_id: it names the record")
        refund = f":refund:{purchase['refund_id']}" if "refund_id" in purchase else ""
        key = f"{self._merchant}:{transaction}"
        event = {
            "specversion": "1.0",
            "id": f"{transaction}{refund}:{purchase.get('source_version', 0)}",
            "source": self._source,
            "type": "stamgast.purchase.v1",
            "subject": transaction,
            "partitionkey": key,
            "data": purchase,
        }
        value = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        return {"key": key.encode(), "value": value, "headers": [(PROOF, proof_of(self._key, value).encode())]}
