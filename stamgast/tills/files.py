"""A connection's file, as `stamgast pos connect` writes it: what else stands in it stays."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from stamgast.pos.adapter import Adapter, Need
from stamgast.pos.connections import FOLDER, MOST_SECRETS, PATH, WEBHOOK, Connection, PosSeal

ACCOUNT: Final = "account"
_TOKEN_BYTES: Final = 24
_WORD: Final = re.compile(r"""["']?([a-z_]+)["']?\s*:""")
"""A word at the beginning of a line: what stands below it, further in, is its own."""
_HEAD: Final = (
    "# A connection to a system of tills. Secrets are sealed: they open with this deployment's wrapping keys alone,\n"
    "# for this merchant, this connection and their name. `stamgast pos apply` brings changes into force.\n"
)


def needs_of(adapter: Adapter) -> list[Need]:
    """What a connection to this system has to be told: what the adapter says, else what follows from what it can."""
    if adapter.needs:
        return list(adapter.needs)
    needs = [Need(ACCOUNT, f"what {adapter.name} calls the account", secret=False, optional=True)]
    if adapter.capabilities.signed:
        needs.append(Need(WEBHOOK, "the secret that its webhooks are signed with"))
    if adapter.api is not None:
        needs.append(Need(adapter.api.secret, "the credential of its API", optional=not _asks_the_api(adapter)))
    return needs


def with_answers(
    connection: Connection, answers: Mapping[str, str], adapter: Adapter, seal: PosSeal, *, instead: bool
) -> Connection:
    """A connection with what the shop said. A new secret goes before the old ones, or takes their place (`instead`).

    One whose webhooks are not signed gets what makes its address unguessable.
    """
    given = dict(answers)
    account = given.pop(ACCOUNT, connection.account)
    is_signed = adapter.capabilities.signed and (WEBHOOK in given or WEBHOOK in connection.sealed)
    if not is_signed and PATH not in connection.sealed:
        given[PATH] = secrets.token_urlsafe(_TOKEN_BYTES)
    sealed = dict(connection.sealed)
    for name, secret in given.items():
        new = seal.seal(connection.merchant, connection.name, name, secret)
        others = () if instead else sealed.get(name, ())
        sealed[name] = (new, *others)[:MOST_SECRETS]
    return replace(connection, account=account, sealed=sealed)


def write_connection(folder: Path, connection: Connection) -> Path:
    """Write the connection's file into the merchant's folder, whole or not at all; what else stands there stays.

    Raises OSError, UnicodeDecodeError.
    """
    path = folder / FOLDER / f"{connection.name}.yaml"
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8-sig") if path.exists() else _HEAD
    beside = path.with_suffix(".yaml.new")
    beside.write_text(_with(before, _parts(connection)), encoding="utf-8")
    return beside.replace(path)


def _parts(connection: Connection) -> dict[str, str]:
    """What this writes of a connection: its words, each with its lines."""
    parts = {"system": f"system: {connection.system}\n"}
    if connection.account:
        parts["account"] = f"account: {_quoted(connection.account)}\n"
    if connection.api_url:
        parts["api_url"] = f"api_url: {_quoted(connection.api_url)}\n"
    if connection.stores:
        stores = (f"  {_quoted(place)}: {store}\n" for place, store in connection.stores.items())
        parts["stores"] = "stores:\n" + "".join(stores)
    if connection.sealed:
        secrets_ = (
            f"  {name}:\n" + "".join(f"    - {each}\n" for each in sealed) for name, sealed in connection.sealed.items()
        )
        parts["secrets"] = "secrets:\n" + "".join(secrets_)
    return parts


def _with(text: str, parts: Mapping[str, str]) -> str:
    """The text with these words' lines in the place of their old ones, or at its end; every other line stays."""
    kept: list[str] = []
    left = dict(parts)
    inside = ""
    for line in text.splitlines(keepends=True):
        if (word := _WORD.match(line)) is not None:
            inside = word[1]
            if inside in left:
                kept.append(left.pop(inside))
        if inside not in parts or (line.startswith("#") and word is None):
            kept.append(line if line.endswith("\n") else f"{line}\n")
    return "".join([*kept, *left.values()])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _asks_the_api(adapter: Adapter) -> bool:
    can = adapter.capabilities
    return can.thin or not can.signed
