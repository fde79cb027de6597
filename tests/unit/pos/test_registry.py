"""Other packages bring systems of tills; what cannot be used says whose it is and why."""

import importlib
import pkgutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import stamgast.pos.systems
import tests.fakes
from stamgast.pos.adapter import Adapter, Capabilities, IncapableError
from stamgast.pos.registry import GROUP, OWN, BadAdapterError, Registry, UnknownSystemError
from tests.fakes.kassa import Kassa


def brought(name: str = "kassa", value: str = "tests.fakes.kassa:Kassa") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_our_own_adapters_can_all_be_used():
    registry = Registry(brought=())
    assert [registry.get(name).name for name in registry.names] == sorted(OWN)


def own_adapters(package: ModuleType) -> dict[str, type[Adapter]]:
    """Module's name -> the adapter that is written there."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{module.name}"
        for kind in vars(importlib.import_module(name)).values():
            here = isinstance(kind, type) and f"{kind.__module__}.".startswith(f"{name}.")
            if here and Adapter in kind.__mro__[1:]:
                found[module.name] = kind
    return found


def test_every_adapter_of_ours_is_in_the_list_under_its_modules_name():
    assert own_adapters(stamgast.pos.systems) == OWN
    assert own_adapters(tests.fakes)["kassa"] is Kassa, "one would be found"


def test_an_installed_package_brings_an_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "kassa_plus.py").write_text("from tests.fakes.kassa import Kassa\n"
        "class Plus(Kassa):\n    'Needs a key.'\n    name = 'kassa_plus'\n")  # fmt: skip
    about = tmp_path / "kassa_plus-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: kassa-plus\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\nkassa_plus = kassa_plus:Plus\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    registry = Registry()
    assert "kassa_plus" in registry.names
    assert "kassa_plus" not in sys.modules
    assert registry.get("kassa_plus").capabilities.poll
    assert registry.get("kassa_plus") is registry.get("kassa_plus")
    with pytest.raises(BadAdapterError, match="kassa-plus brings an adapter 'kassa_plus', and so does Stamgast"):
        Registry({"kassa_plus": Kassa})


def test_an_unknown_system_is_answered_with_the_nearest_and_with_what_there_is():
    with pytest.raises(
        UnknownSystemError, match='no system of tills .kasa.. Did you mean "kassa"[?] Allowed here: kas'
    ):
        Registry({"kassa": Kassa}, ()).get("kasa")
    with pytest.raises(UnknownSystemError, match="There is none yet"):
        Registry({}, ()).get("kassa")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (brought(value="no_such_package:Kassa"), "cannot be loaded: ModuleNotFoundError"),
        (brought(value="tests.fakes.kassa:Till"), "cannot be loaded: AttributeError"),
        (brought(value="builtins:dict"), "is not an Adapter"),
        (brought(name="other"), "calls itself 'kassa'"),
    ],
)
def test_a_package_whose_adapter_cannot_be_used_is_named_when_it_is_asked_for(entry, why):
    registry = Registry({}, [entry])
    with pytest.raises(BadAdapterError, match=why):
        registry.get(entry.name)


class Silent(Kassa):
    __doc__ = ""


class Empty(Adapter):
    """Needs everything."""

    name = "kassa"
    capabilities = Capabilities(signed=True, thin=True, poll=True)


class Unsigned(Adapter):
    """Needs nothing."""

    name = "kassa"
    capabilities = Capabilities(signed=False)
    delivery_id = Kassa.delivery_id
    refs = Kassa.refs
    snapshot = Kassa.snapshot


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Silent, "docstring"),
        (Empty, "no delivery_id, refs, snapshot, verify, reread, poll of its own"),
        (Unsigned, "signs nothing, so that what it says has to be read again"),
    ],
)
def test_what_was_forgotten_in_an_adapter_is_said(kind, why):
    with pytest.raises(BadAdapterError, match=why):
        Registry({"kassa": kind}, ()).get("kassa")


async def test_what_an_adapter_cannot_do_it_does_not_do_silently():
    nothing: Any = None
    with pytest.raises(IncapableError, match="kassa cannot be polled"):
        await Unsigned().poll("", nothing)
    with pytest.raises(IncapableError, match="signs nothing"):
        Unsigned().verify(b"", {}, "", (), 0)
