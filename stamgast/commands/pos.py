"""`stamgast pos`: systems of tills, what their deliveries mean, and a merchant's connections to them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, misuse, new_app, print_json, say
from stamgast.commands.pos_apply import apply
from stamgast.commands.pos_connect import connect
from stamgast.commands.pos_live import poll, replay, status
from stamgast.commands.pos_payments import payments
from stamgast.commands.pos_systems import adapter_of, registry
from stamgast.commands.pos_try import try_

if TYPE_CHECKING:
    from stamgast.pos.adapter import Adapter
    from stamgast.pos.problems import RefusedError

app = new_app("Systems of tills: what their deliveries mean, and a merchant's connections.", no_args_is_help=True)
for command in (connect, apply, status, payments, poll, replay):
    app.command()(command)
app.command("try")(try_)

MOST_BYTES = 4_000_000
_MILLIS_DIGITS = 13
"""A number of seconds will have fewer for thirty thousand years."""

System = Annotated[str, typer.Argument(help="The system, as `stamgast pos systems` lists it.")]
HeaderLines = Annotated[
    list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="A header of the delivery; several times.")
]


@app.command()
def systems(*, as_json: AsJson = False) -> None:
    """List the systems of tills that purchases can come from, and what each can do."""
    from stamgast.pos.registry import BadAdapterError

    known, found = registry(), []
    for name in known.names:
        try:
            found.append(known.get(name))
        except BadAdapterError as error:
            say(f"stamgast: {error}")
    listed = [_described(each) for each in found]
    if as_json:
        print_json(listed)
        return
    for row in listed:
        words = ["signed" if row["signed"] else "unsigned"]
        words += [word for word in ("thin", "poll", "subscribes") if row[word]]
        words += ["knows the customer"] if row["knows_customer"] else []
        answer(f"{row['id']:<16} {', '.join(words)}{'' if row['verified'] else '; not yet tried on an account'}")
    if not listed:
        answer("none: no adapter is installed")


@app.command()
def parse(
    system: System,
    *,
    header: HeaderLines = None,
    refs: Annotated[bool, typer.Option("--refs", help="List what has to be read again by the API instead.")] = False,
    kind: Annotated[
        str,
        typer.Option("--object", metavar="KIND", help="The body is an object of the API, or a list or page of them."),
    ] = "",
    account: Annotated[str, typer.Option(help="The connection's account, which goes before transaction ids.")] = "",
    currency: Annotated[str, typer.Option(help="The programme's currency, where the body names none.")] = "EUR",
    zone: Annotated[str, typer.Option(help="The shop's time zone, where the body names none.")] = "Europe/Brussels",
    as_json: AsJson = False,  # noqa: ARG001  it always is
) -> None:
    """Print the purchases and refunds that a delivery on standard input means, as a JSON list.

    Nothing is asked of the network, and no signature is needed. An event that is no purchase, and a notice without the
    whole, give []. What a body leaves open is marked `"partial": true`.
    """
    from stamgast.logs import configure_logs
    from stamgast.pos.delivery import desk_context, read_delivery, read_objects
    from stamgast.pos.problems import RefusedError

    configure_logs("error")
    adapter = adapter_of(system)
    context = desk_context(adapter.name, account=account, currency=_currency(currency), zone=_zone(zone))
    headers, raw = _headers(header), _standard_input()
    if kind and adapter.kinds and kind not in adapter.kinds:
        from rules.yaml.problems import suggest

        misuse(f"{adapter.name} has no object {kind!r}. {suggest(kind, adapter.kinds)}")
    try:
        meaning = read_objects(adapter, raw, kind, context) if kind else read_delivery(adapter, raw, headers, context)
    except RefusedError as refused:
        fail(_reasons(refused))
    if refs:
        print_json([{"kind": each.kind, "id": each.id} for each in meaning.to_reread])
    else:
        print_json(list(meaning.documents))


@app.command()
def verify(
    system: System,
    *,
    secret: Annotated[list[str] | None, typer.Option(help="The webhook's secret; several while it is changed.")] = None,
    url: Annotated[str, typer.Option(help="The address that the system was given, as it was given.")] = "",
    header: HeaderLines = None,
    now: Annotated[str, typer.Option(help="When it came (default: now): RFC 3339, or seconds since 1970.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say whether one of the secrets signed the body on standard input: exit 0 if so, 1 if not, 2 if none ever does."""
    from stamgast.logs import configure_logs
    from stamgast.pos.adapter import IncapableError, SignatureError
    from stamgast.pos.webhook import Webhook
    from stamgast.pos.webhook import verify as verify_signature

    configure_logs("error")
    adapter = adapter_of(system)
    if not adapter.capabilities.signed:
        misuse(
            f"{adapter.name} signs nothing: its webhook's address is secret instead, and what it says is read again "
            "by the API"
        )
    if not secret:
        misuse("say --secret, the one that the webhook was set up with")
    webhook = Webhook(_standard_input(), _headers(header), url)
    try:
        verify_signature(adapter, webhook, secret, _moment(now))
    except SignatureError as error:
        fail(f"the signature does not hold: {error}")
    except IncapableError as error:
        misuse(f"{error}")
    if as_json:
        print_json({"system": adapter.name, "holds": True})
    else:
        answer("The signature holds.")


def _described(adapter: Adapter) -> dict[str, Any]:
    can = adapter.capabilities
    told = {"id": adapter.name, "signed": can.signed, "thin": can.thin, "poll": can.poll}
    told["subscribes"] = can.subscribes
    return told | {
        "till_look_up": can.till_look_up,
        "knows_customer": can.knows_customer,
        "verified": can.verified,
        "kinds": list(adapter.kinds),
    }


def _headers(lines: list[str] | None) -> dict[str, str]:
    found = {}
    for line in lines or ():
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            misuse(f"--header {line!r} has no colon: write 'NAME: VALUE'")
        found[name.strip().lower()] = value.strip()
    return found


def _standard_input() -> bytes:
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        fail(f"the body on standard input is larger than {MOST_BYTES:,} bytes: the web refuses it as well")
    return raw


def _moment(text: str) -> int:
    from stamgast.clock.shop_time import RealClock, parse_time

    if not text:
        return RealClock().now()
    if text.isascii() and text.isdigit():
        return int(text) * (1 if len(text) >= _MILLIS_DIGITS else 1_000)
    try:
        return parse_time(text)
    except ValueError as error:
        misuse(f"--now {text!r}: {error}")


def _currency(name: str) -> str:
    from stamgast.domain.currencies import CURRENCIES, nearest_currency

    if name not in CURRENCIES:
        near = nearest_currency(name)
        misuse(f"--currency {name!r} is none; {f'did you mean {near}?' if near else 'write one such as EUR'}")
    return name


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found is a KeyError; odd names raise the others
        misuse(f"--zone {name!r} is not an IANA time zone such as Europe/Brussels")
    return name


def _reasons(refused: RefusedError) -> str:
    lines = []
    for each in refused.problems:
        more = f" (allowed: {each['allowed']})" if "allowed" in each else ""
        near = f" (did you mean {each['nearest']}?)" if "nearest" in each else ""
        lines.append(f"{each['pointer'] or 'the body'}: {each['detail']}{more}{near}")
    return "this delivery cannot be read:\n  " + "\n  ".join(lines)
