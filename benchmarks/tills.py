"""What does it take to understand a till's delivery: from its bytes to purchases in the contract's shape, by system?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, table, tell
from benchmarks.meter import cpu_seconds
from benchmarks.scene import Scene
from stamgast.pos.adapter import Adapter, Context, Document, Found
from stamgast.pos.delivery import desk_context
from stamgast.pos.registry import Registry
from stamgast.pos.webhook import purchases_of, read_body

TARGET_US = 150.0
"""For the adapter's own part, of a typical order."""

_BODIES = Path(__file__).parents[1] / "tests" / "golden" / "pos"
_TYPICAL = {
    "adyen_authorisation": "",
    "shopify_orders_paid": "",
    "square_api_order": "order",
    "square_payment_updated": "",
    "stripe_event_checkout_session_completed": "",
    "woocommerce_order": "",
}
"""The vendors' own examples; of an API's answer the kind of object."""


def run(scene: Scene) -> None:
    """Each body many times: its JSON, the adapter's part, the check of the shape."""
    registry, rounds = Registry(brought=()), scene.sized(3_000, 20)
    rows, figures = [], []
    for name, kind in _TYPICAL.items():
        system = name.partition("_")[0]
        adapter, context = registry.get(system), desk_context(system)
        raw = (_BODIES / f"{name}.json").read_bytes()
        body = read_body(raw, {})
        found = [Found(kind, "", body)] if kind else adapter.refs(body)
        documents = _understood(adapter, body, kind, context)
        if len(documents) != 1:
            raise SystemExit(f"{name} means {len(documents)} purchases and not one")

        decoding = _timed(rounds, partial(read_body, raw, {}))
        own = _timed(rounds, partial(_understood, adapter, body, kind, context))
        whole = _timed(rounds, partial(purchases_of, adapter, found, context))
        lines = len(documents[0].get("line_items", ()))
        rows.append((name, len(raw), lines, decoding, own, whole - own))
        figures.append(Figure(f"parse_{name}", own, "us", "target", TARGET_US))
    table("Understanding a delivery, us of CPU", ("body", "bytes", "lines", "JSON", "adapter", "shape"), rows)
    tell(figures)


def _understood(adapter: Adapter, body: Any, kind: str, context: Context) -> list[Document]:
    found = [Found(kind, "", body)] if kind else adapter.refs(body)
    return [document for each in found for document in adapter.snapshot(each, context)]


def _timed(rounds: int, once: Callable[[], object]) -> float:
    """Microseconds of CPU, the best of three."""
    best = float("inf")
    for _ in range(3):
        began = cpu_seconds()
        for _ in range(rounds):
            once()
        best = min(best, (cpu_seconds() - began) / rounds * 1e6)
    return best
