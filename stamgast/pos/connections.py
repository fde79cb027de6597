"""A merchant's connections to systems of tills: `config/merchants/<merchant>/pos/<connection>.yaml`, secrets sealed.

    system: shopify
    account: dok-noord.myshopify.com
    stores: {"655441491": dok-noord}
    secrets:
      webhook: [first.QUJD…, first.REVG…]

A sealed secret opens only with the deployment's wrapping keys, and only for its own merchant, connection and name: the
file may lie where the other files of the merchant lie. It is no part of the bundle that is published.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from rules.yaml.nodes import Node
from rules.yaml.problems import Problem, suggest
from rules.yaml.reader import Reader
from rules.yaml.source import MAX_BYTES, Source, read_yaml
from stamgast.domain.errors import in_plain_words
from stamgast.domain.program import Store
from stamgast.identity.sealing import SealError, WrappingKeys
from stamgast.pos.mapping_files import read_mapping

FOLDER: Final = "pos"
MOST_SECRETS: Final = 5
"""Of one name: each is tried at every delivery."""
_WORDS: Final = ("system", "account", "stores", "secrets", "api_url", "mapping", "role")
GENERIC: Final = "generic"
"""The system of connections that have a mapping (`stamgast.pos.generic`)."""
_PURPOSE: Final = "pos-secrets"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""How a connection may be called: it stands in addresses and in keys."""
WEBHOOK: Final = "webhook"
"""The name of what a system signs its webhooks with."""
PATH: Final = "path"
"""The name of what makes an address unguessable: it stands in it behind the connection's name and a dot."""


class Role(StrEnum):
    """What a connection's system tells of a sale."""

    SALE = "sale"
    """What was sold: this is where its purchases come from."""
    PAYMENT = "payment"
    """Only how it was paid; another connection tells the sales, and nothing of this one counts."""


class SecretError(LookupError):
    """A connection's secret is missing or does not open; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One account of a merchant at one system."""

    merchant: str
    name: str
    system: str
    account: str = ""
    """What the system calls the account."""
    stores: Mapping[str, str] = field(default_factory=dict)
    """The system's places -> stores of the programme."""
    sealed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Secrets by name; of each more than one while it is being changed."""
    api_url: str = ""
    """Where its API is, if not where the system's usually is."""
    mapping: Mapping[str, Any] | None = None
    """Of a generic one: where in what it sends the fields of a purchase stand."""
    role: Role = Role.SALE


class PosSeal:
    """Seals and opens connections' secrets, by keys of their own that derive from the wrapping keys."""

    def __init__(self, keys: WrappingKeys) -> None:
        self._keys = keys.derived(_PURPOSE)

    def seal(self, merchant: str, connection: str, name: str, secret: str) -> str:
        """What may stand in the connection's file."""
        return self._keys.seal(secret.encode(), _owner(merchant, connection, name))

    def open(self, connection: Connection, name: str) -> list[str]:
        """The secrets of that name, in their order. Raises `SecretError`."""
        where = f"{connection.merchant}/{FOLDER}/{connection.name}.yaml"
        sealed = connection.sealed.get(name)
        if sealed is None:
            raise SecretError(f"{where} has no secret {name!r}. {suggest(name, connection.sealed)}")
        owner = _owner(connection.merchant, connection.name, name)
        try:
            return [self._keys.open(each, owner).decode() for each in sealed]
        except SealError as error:
            raise SecretError(f"the secret {name!r} of {where} {_why(error)}: seal it anew") from None


def load_connections(
    folder: Path, stores: Mapping[str, Store], systems: Sequence[str]
) -> tuple[list[Connection], list[Problem]]:
    """The connections of a merchant's folder, and everything that is wrong with their files; a bad one is left out."""
    connections: list[Connection] = []
    problems: list[Problem] = []
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        connection, wrong = read_connection(path, folder.resolve().name, stores, systems)
        problems += wrong
        if connection is not None and not any(each.severity == "error" for each in wrong):
            connections.append(connection)
    return connections, problems


def read_connection(
    path: Path, merchant: str, stores: Mapping[str, Store] | None, systems: Sequence[str]
) -> tuple[Connection | None, list[Problem]]:
    """One file's connection, and what is wrong with it. Without `stores` any name will do for one."""
    source = Source(str(path), "")
    try:
        with path.open("rb") as file:
            source = Source(str(path), file.read(MAX_BYTES + 1).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(str(path), 1, 1, f"this file cannot be read: {in_plain_words(error)}")]
    if not NAME.fullmatch(path.stem):
        why = f"{path.stem!r} cannot be a connection's name: small letters, digits, - and _, at most 63"
        return None, [Problem(str(path), 1, 1, why)]
    connection = _read(source, merchant, path.stem, stores, systems)
    return connection, list(source.problems)


def _read(
    source: Source, merchant: str, name: str, stores: Mapping[str, Store] | None, systems: Sequence[str]
) -> Connection | None:
    node, reader = read_yaml(source), Reader(source)
    if node is None:
        return None
    found = reader.mapping(node, "connection", _WORDS, required=("system",))
    known = sorted({*systems, GENERIC})
    system = reader.one_of(found["system"], "system", known, thing="system of tills") if "system" in found else None
    if (system == GENERIC) != ("mapping" in found):
        reader.problem(node, f"`mapping` belongs to `system: {GENERIC}`, and to no other", "docs/pos/generic.md")
    return Connection(
        merchant,
        name,
        system or "",
        (reader.text(found["account"], "account") or "") if "account" in found else "",
        _read_stores(reader, found["stores"], stores) if "stores" in found else {},
        _read_secrets(reader, found["secrets"]) if "secrets" in found else {},
        (reader.text(found["api_url"], "api_url") or "") if "api_url" in found else "",
        read_mapping(reader, found["mapping"]) if "mapping" in found else None,
        Role(reader.one_of(found["role"], "role", tuple(Role)) or Role.SALE) if "role" in found else Role.SALE,
    )


def _read_stores(reader: Reader, node: Node, stores: Mapping[str, Store] | None) -> dict[str, str]:
    read = {
        place: reader.text(store, f"stores: {place}")
        if stores is None
        else reader.known(store, f"stores: {place}", stores, "store")
        for place, store in reader.mapping(node, "stores").items()
    }
    return {place: store for place, store in read.items() if store is not None}


def _read_secrets(reader: Reader, node: Node) -> dict[str, tuple[str, ...]]:
    read = {}
    for name, secret in reader.mapping(node, "secrets").items():
        read[name] = reader.texts(secret, f"secrets: {name}")
        if len(read[name]) > MOST_SECRETS:
            reader.problem(secret, f"`secrets: {name}` are {len(read[name])}; at most {MOST_SECRETS} are tried")
        if not all("." in each for each in read[name]):
            reader.problem(secret, f"`secrets: {name}` is not sealed", "Whoever reads this file could forge purchases.")
    return read


def _owner(merchant: str, connection: str, name: str) -> str:
    return f"{merchant}:{connection}:{name}"


def _why(error: SealError) -> str:
    return str(error) if "cannot" in str(error) else f"does not open ({error})"
