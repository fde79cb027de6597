"""A system's page in docs/pos, written from what its adapter says of itself: how to connect it, what to check first."""

import inspect
from collections.abc import Sequence
from typing import Final

from stamgast.pos.adapter import Adapter, Need

PATH: Final = "docs/pos"


def page_of(adapter: Adapter, needs: Sequence[Need]) -> str:
    """Markdown of one system. `needs` is what `stamgast pos connect` asks for."""
    about = inspect.cleandoc(type(adapter).__doc__ or "")
    parts = [
        f"# {adapter.name}",
        about,
        "## Connect it",
        _connecting(adapter, needs),
        "## What it can do",
        _abilities(adapter),
        "## Try it without an account",
        _trying(adapter),
        "## Once it is connected",
        _looking(adapter),
    ]
    if adapter.check_first:
        parts += ["## Check first", _checks(adapter)]
    return "\n\n".join(parts) + "\n"


def index_of(adapters: Sequence[Adapter]) -> str:
    """Markdown of all systems, a row each."""
    rows = ["| system | webhooks | API | knows the customer | tried on an account |", "|---|---|---|---|---|"]
    rows += [
        f"| [{each.name}]({each.name}.md) | {_webhooks(each)} | {_api(each)} "
        f"| {_yes(each.capabilities.knows_customer)} | {_yes(each.capabilities.verified)} |"
        for each in adapters
    ]
    about = (
        "Which systems of tills purchases can come from. `stamgast pos connect SYSTEM` asks for what one needs and "
        "says which address to paste. Any other is connected by [a mapping](generic.md), without code."
    )
    beside = (
        "A payment system beside a till is connected with `--role payment`: what it tells is no sale. It is found to "
        "the till's sale by a reference that both name, or by the sum in the same store within two minutes, and says "
        "who paid, how, and with what tip. `stamgast pos payments` lists those of the last week that fit no sale "
        "([why so](../adr/0178-a-payment-is-found-to-its-sale.md))."
    )
    return f"# Systems of tills\n\n{about}\n\n" + "\n".join(rows) + f"\n\n{beside}\n"


def _connecting(adapter: Adapter, needs: Sequence[Need]) -> str:
    asked = [each for each in needs if not each.optional] or needs
    given = " ".join(f"--set {each.name}=…" for each in asked)
    rows = [f"    stamgast pos connect {adapter.name}\n", "It asks for these, and seals the secrets:\n"]
    rows += ["| | |", "|---|---|"]
    rows += [f"| `{each.name}`{' (may be left out)' if each.optional else ''} | {each.asks} |" for each in needs]
    rows.append("")
    rows.append(
        f"A script answers with `{given}`, or `--set NAME=@FILE`; `--store PLACE=STORE` says which store a place of "
        "the system is."
    )
    if adapter.capabilities.subscribes:
        rows.append(
            "With a credential of its API that may write, `--subscribe` makes the webhooks: nothing is to be pasted. "
            "The worker looks every hour whether they are there, and makes them again: `stamgast pos status` tells."
        )
    if adapter.clicks:
        rows.append(adapter.clicks)
    if not adapter.capabilities.signed:
        rows.append(
            "Its webhooks are not signed: the address that is printed is a secret, and what they say is read again by "
            "the API."
        )
    return "\n".join(rows)


def _abilities(adapter: Adapter) -> str:
    can = adapter.capabilities
    rows = [
        ("Webhooks", _webhooks(adapter)),
        ("API", _api(adapter)),
        ("Webhooks are made by its API, and made again when they are gone", _yes(can.subscribes)),
        ("A sale may name its customer", _yes(can.knows_customer)),
        ("Asks at the till who the customer is", _yes(can.till_look_up)),
        ("Tried on an account of the system", _yes(can.verified)),
    ]
    if adapter.api is not None:
        rows.append(("Calls a second at most", f"{adapter.api.per_second:g}, {adapter.api.burst} at once"))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _trying(adapter: Adapter) -> str:
    name = f"    stamgast pos {{}} {adapter.name}"
    parse, verify = name.format("parse"), name.format("verify")
    lines = [f"{parse} < body.json   # the purchases and refunds that a webhook means"]
    if adapter.capabilities.thin or not adapter.capabilities.signed:
        lines.append(f"{parse} --refs < body.json   # what would be read again")
    if adapter.kinds:
        kinds = ", ".join(adapter.kinds)
        lines.append(f"{parse} --object {adapter.kinds[0]} < object.json   # of the API: {kinds}")
    if adapter.capabilities.signed:
        by = f" {adapter.verify_by}" if adapter.verify_by else ""
        lines.append(f"{verify} --secret …{by} < body.json   # does the signature hold?")
    return "\n".join(lines)


def _looking(adapter: Adapter) -> str:
    lines = ["    stamgast pos status   # when each store was last heard of, and what is the matter"]
    if adapter.capabilities.poll:
        lines.append(f"    stamgast pos poll {adapter.name}   # ask its API now; a worker that runs does so every hour")
    lines.append("    stamgast dead-letters list   # what could not be read, and why; mended, it is taken in by")
    lines.append("    stamgast pos replay ID")
    return "\n".join(lines)


def _checks(adapter: Adapter) -> str:
    told = "" if adapter.capabilities.verified else "Nobody had an account to try it on. In this order:\n\n"
    return told + "\n".join(f"- {each}" for each in adapter.check_first)


def _webhooks(adapter: Adapter) -> str:
    can = adapter.capabilities
    return f"{'signed' if can.signed else 'not signed'}{', some without the whole' if can.thin else ''}"


def _api(adapter: Adapter) -> str:
    if adapter.api is None:
        return "not used"
    return "polled every hour, and at night" if adapter.capabilities.poll else "read again by it"


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"
