"""`stamgast trigger`: let something happen at a web of this machine, as a till or a phone would."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json
from stamgast.commands.trigger_requests import INBOUND, About, Happening, Sent, requests_for, signed_form, stop_from

if TYPE_CHECKING:
    import httpx

    from stamgast.settings import Settings

app = new_app("Send an example purchase, refund, void, enrolment or STOP to a web of this machine.")

_OK = 300
_TIMEOUT_S = 30


@app.command()
def trigger(
    what: Annotated[str, typer.Argument(help="purchase, refund, void, enrolment or stop.")],
    *,
    merchant: Annotated[str, typer.Option(help="The merchant; not for a stop.")] = "",
    key: Annotated[
        str, typer.Option(envvar="STAMGAST_API_KEY", help="An API key with the scope intake; not for a stop.")
    ] = "",
    url: Annotated[str, typer.Option(help="The web: an address of this machine.")] = "http://127.0.0.1:8000",
    phone: Annotated[str, typer.Option(help="Whose it is.")] = "+31612345678",
    store: Annotated[str, typer.Option(help="The store of a purchase (default: the first of program.yaml).")] = "",
    currency: Annotated[str, typer.Option(help="The currency of a purchase (default: that of program.yaml).")] = "",
    category: Annotated[str, typer.Option(help="The category of what is bought.")] = "",
    to: Annotated[str, typer.Option(help="The shop's own number, to which a stop goes.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let it happen, and show what was sent and answered. A refund and a void sell something first.

    What is sent counts as any other purchase, so only a web of this machine is taken.
    """
    happening = _happening(what)
    _check_url(url)
    settings = load_settings()
    number = secrets.token_hex(16)
    if happening is Happening.STOP:
        if not to:
            misuse("a stop goes to the shop's own number: --to, the sender in program.yaml")
        exchanges = [_stop(settings, url, phone, to, number)]
    else:
        if not merchant or not key:
            misuse("--merchant says whose it is, and --key is a key of theirs: `stamgast keys create`")
        moment = _moment(settings)
        if happening is not Happening.ENROLMENT and not (store and currency):
            store, currency = _usual(settings, merchant, store, currency)
        about = About(merchant, phone, store, currency, category, moment, number)
        exchanges = _send(url, key, requests_for(happening, about))
    if as_json:
        print_json([_document(*each) for each in exchanges])
    else:
        for sent, response in exchanges:
            answer(f"POST {sent.path}  {response.status_code}")
            answer(f"    {response.text}")
    if exchanges[-1][1].status_code >= _OK:
        raise typer.Exit(1)


def _happening(what: str) -> Happening:
    from stamgast.domain.spelling import nearest

    try:
        return Happening(what)
    except ValueError:
        near = nearest(what, Happening)
        hint = f"did you mean {near}? " if near else ""
        misuse(f"nothing is called {what!r}; {hint}there are {', '.join(Happening)}")


def _check_url(url: str) -> None:
    from stamgast.lifecycle.who_looks import is_loopback

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not is_loopback(parts.hostname or ""):
        misuse(f"--url {url} is no address of this machine: what is sent counts, so try it on http://127.0.0.1:8000")


def _usual(settings: Settings, merchant: str, store: str, currency: str) -> tuple[str, str]:
    """What was not given, as the merchant's programme in force has it."""
    import asyncio

    from stamgast.bootstrap import topics_of
    from stamgast.commands.finding import Reasons
    from stamgast.lookup import newest_bundle

    with Reasons():
        program = asyncio.run(newest_bundle(settings, topics_of(settings), merchant))[1].program
    return store or next(iter(program.stores)), currency or program.currency


def _moment(settings: Settings) -> str:
    from stamgast.clock.shop_time import format_time

    return format_time(settings.make_clock().now())


def _send(url: str, key: str, requests: Any) -> list[tuple[Sent, httpx.Response]]:
    exchanges: list[tuple[Sent, httpx.Response]] = []
    for sent in requests:
        response = _post(url, sent.path, headers={"Authorization": f"Bearer {key}"}, json=dict(sent.body))
        exchanges.append((sent, response))
        if response.status_code >= _OK:
            break
    return exchanges


def _stop(settings: Settings, url: str, phone: str, to: str, number: str) -> tuple[Sent, httpx.Response]:
    from stamgast.settings import listed

    tokens = listed(settings.twilio_auth_token.get_secret_value())
    if not tokens:
        misuse("STAMGAST_TWILIO_AUTH_TOKEN is missing: what comes from Twilio is signed with it")
    fields = stop_from(phone, to, settings.twilio_account_sid, number)
    content, headers = signed_form(fields, settings.public_url, tokens[0])
    return Sent(INBOUND, fields), _post(url, INBOUND, headers=headers, content=content)


def _post(url: str, path: str, **sent: Any) -> httpx.Response:
    import httpx

    try:
        return httpx.post(f"{url.rstrip('/')}{path}", timeout=_TIMEOUT_S, **sent)
    except httpx.HTTPError as error:
        fail(f"no web answers at {url}: {str(error) or type(error).__name__}. `stamgast web` starts one")


def _document(sent: Sent, response: httpx.Response) -> dict[str, Any]:
    is_json = "json" in response.headers.get("content-type", "")
    body = response.json() if is_json else response.text
    return {"path": sent.path, "body": sent.body, "status": response.status_code, "answer": body}
