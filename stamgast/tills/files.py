"""A connection's file, as `stamgast pos connect` writes it: every entry stays, comments do not."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from stamgast.pos.adapter import Adapter, Need
from stamgast.pos.connections import FOLDER, MOST_SECRETS, PATH, WEBHOOK, Connection, PosSeal

ACCOUNT: Final = "account"
_TOKEN_BYTES: Final = 24
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
    """Write the connection's file into the merchant's folder; whole or not at all. Raises OSError."""
    path = folder / FOLDER / f"{connection.name}.yaml"
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".yaml.new")
    beside.write_text(_text(connection), encoding="utf-8")
    return beside.replace(path)


def _text(connection: Connection) -> str:
    lines = [f"system: {connection.system}"]
    if connection.account:
        lines.append(f"account: {_quoted(connection.account)}")
    if connection.api_url:
        lines.append(f"api_url: {_quoted(connection.api_url)}")
    if connection.stores:
        lines.append("stores:")
        lines += [f"  {_quoted(place)}: {store}" for place, store in connection.stores.items()]
    if connection.sealed:
        lines.append("secrets:")
        for name, sealed in connection.sealed.items():
            lines.append(f"  {name}:")
            lines += [f"    - {each}" for each in sealed]
    return _HEAD + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _asks_the_api(adapter: Adapter) -> bool:
    can = adapter.capabilities
    return can.thin or not can.signed
