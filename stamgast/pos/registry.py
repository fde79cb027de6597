"""The systems of tills that purchases can come from: ours, and those that other packages bring.

A package brings one by an entry point of the group `stamgast.pos`, under the adapter's name:

    [project.entry-points."stamgast.pos"]
    kassa_plus = "kassa_plus.stamgast:KassaPlus"
"""

import importlib.metadata
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Final

from rules.yaml.problems import suggest
from stamgast.pos.adapter import Adapter
from stamgast.pos.systems.adyen import Adyen
from stamgast.pos.systems.clover import Clover
from stamgast.pos.systems.lightspeed_k import LightspeedK
from stamgast.pos.systems.lightspeed_x import LightspeedX
from stamgast.pos.systems.loyverse import Loyverse
from stamgast.pos.systems.mollie import Mollie
from stamgast.pos.systems.odoo import Odoo
from stamgast.pos.systems.shopify import Shopify
from stamgast.pos.systems.square import Square
from stamgast.pos.systems.stripe import Stripe
from stamgast.pos.systems.sumup import SumUp
from stamgast.pos.systems.woocommerce import WooCommerce
from stamgast.pos.systems.zettle import Zettle

GROUP: Final = "stamgast.pos"
OWN: Final[Mapping[str, type[Adapter]]] = {
    "adyen": Adyen,
    "clover": Clover,
    "lightspeed_k": LightspeedK,
    "lightspeed_x": LightspeedX,
    "loyverse": Loyverse,
    "mollie": Mollie,
    "odoo": Odoo,
    "shopify": Shopify,
    "square": Square,
    "stripe": Stripe,
    "sumup": SumUp,
    "woocommerce": WooCommerce,
    "zettle": Zettle,
}
"""By name; one module or package a system."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CLAIMS: Final = (
    ("signed", "verify"),
    ("thin", "reread"),
    ("poll", "poll"),
    ("subscribes", "missing"),
    ("subscribes", "subscribe"),
)


class UnknownSystemError(LookupError):
    """There is no adapter of this name; the text says which there are."""


class BadAdapterError(RuntimeError):
    """An adapter cannot be used; the text says whose it is, and why."""


class Registry:
    """Adapters by name; each is made, and its package imported, when it is first asked for."""

    def __init__(self, own: Mapping[str, type[Adapter]] = OWN, brought: Iterable[EntryPoint] | None = None) -> None:
        self._own = own
        self._made: dict[str, Adapter] = {}
        self._brought: dict[str, EntryPoint] = {}
        for each in importlib.metadata.entry_points(group=GROUP) if brought is None else brought:
            other = "Stamgast" if each.name in own else _owner(self._brought.get(each.name))
            if other:
                raise BadAdapterError(f"{_owner(each)} brings an adapter {each.name!r}, and so does {other}: keep one")
            self._brought[each.name] = each

    @property
    def names(self) -> list[str]:
        """Every system, in the order of the alphabet."""
        return sorted({*self._own, *self._brought})

    def get(self, name: str) -> Adapter:
        """The adapter of a system.

        Raises:
            UnknownSystemError: there is none.
            BadAdapterError: it cannot be used.
        """
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Adapter:
        if name in self._own:
            return _checked(self._own[name](), name, "Stamgast")
        entry = self._brought.get(name)
        if entry is None:
            raise UnknownSystemError(f"there is no system of tills {name!r}. {suggest(name, self.names)}")
        try:
            made = entry.load()()
        except Exception as error:
            raise BadAdapterError(
                f"the adapter {name!r} of {_owner(entry)} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        return _checked(made, name, _owner(entry))


def _owner(entry: EntryPoint | None) -> str:
    if entry is None:
        return ""
    return entry.dist.name if entry.dist is not None else entry.value


def _checked(made: object, name: str, owner: str) -> Adapter:
    """Return what is an adapter, does what it says it can, and says what it needs."""
    about = f"the adapter {name!r} of {owner}"
    if not isinstance(made, Adapter):
        raise BadAdapterError(
            f"{about} is not an Adapter (stamgast.pos.adapter): subclass that, and all of it is there"
        )
    if made.name != name or not _NAME.fullmatch(name):
        raise BadAdapterError(f"{about} calls itself {made.name!r}: both are one name of small letters, digits and _")
    kind = type(made)
    missing = [method for method in ("delivery_id", "refs", "snapshot") if _is_left_out(kind, method)]
    missing += [method for claim, method in _CLAIMS if getattr(made.capabilities, claim) and _is_left_out(kind, method)]
    if missing:
        raise BadAdapterError(f"{about} says that it can do it, and has no {', '.join(missing)} of its own")
    if not made.capabilities.signed and _is_left_out(kind, "reread"):
        raise BadAdapterError(f"{about} signs nothing, so that what it says has to be read again: it needs reread")
    if not (kind.__doc__ or "").strip():
        raise BadAdapterError(f"{about} does not say what it needs from the shop: write that into its docstring")
    return made


def _is_left_out(kind: type, method: str) -> bool:
    return getattr(kind, method) is getattr(Adapter, method)
