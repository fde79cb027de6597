"""`stamgast wallet`: whether cards can be put into Apple Wallet and Google Wallet, and what is missing until then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, load_settings, new_app, print_json

if TYPE_CHECKING:
    from stamgast.settings import Settings
    from stamgast.wallet.wallets import Wallets

Online = Annotated[bool, typer.Option("--online", help="Ask Apple and Google, too, whether they let us in.")]

app = new_app("Cards in Apple Wallet and Google Wallet.", no_args_is_help=True)


@app.callback()
def wallet() -> None:
    """Cards in Apple Wallet and Google Wallet."""


@app.command()
def check(*, online: Online = False, as_json: AsJson = False) -> None:
    """Say what is missing or wrong: which setting, which file, and what to do. 1 if something is."""
    from stamgast.clock.shop_time import RealClock
    from stamgast.wallet.findings import Standing
    from stamgast.wallet.wallets import read_wallets

    settings = load_settings()
    wallets, looked = read_wallets(settings, RealClock().now())
    said = asyncio.run(_asked(wallets)) if online else {}
    rows: list[dict[str, Any]] = [
        {
            "wallet": each.wallet.value,
            "standing": each.standing.value,
            "wrong": [{"setting": wrong.setting, "why": wrong.why} for wrong in each.wrong],
            "soon": each.soon,
        }
        | ({"online": said[each.wallet]} if each.wallet in said else {})
        for each in looked
    ]
    refused = any(why for why in said.values())
    if as_json:
        print_json({"wallets": rows})
    else:
        for row in rows:
            _tell(row, settings)
    if refused or any(each.standing is Standing.BROKEN for each in looked):
        raise typer.Exit(WRONG)


def _tell(row: dict[str, Any], settings: Settings) -> None:
    words = {
        "off": "off: nothing of it is set (docs/wallet.md says how)",
        "broken": "off: this has to be put right",
        "on": f"on: cards at {settings.public_url} offer it",
    }
    answer(f"{row['wallet']}: {words[row['standing']]}")
    for wrong in row["wrong"]:
        answer(f"  {wrong['setting']} {wrong['why']}")
    for soon in row["soon"]:
        answer(f"  {soon}")
    if "online" in row:
        answer(f"  {row['online'] or 'lets us in'}")


async def _asked(wallets: Wallets) -> dict[str, str]:
    """Wallet -> why it does not let us in; empty: it does."""
    from stamgast.wallet.answers import Came
    from stamgast.wallet.apple.push import Waker
    from stamgast.wallet.findings import Wallet
    from stamgast.wallet.google.client import GoogleClient

    found: dict[str, str] = {}
    if wallets.apple is not None:
        waker = Waker(wallets.apple)
        said = await waker.wake("0" * 64)  # no device: APNs says so to whom it lets in
        await waker.close()
        found[Wallet.APPLE] = "" if said.came in {Came.GONE, Came.TAKEN} else said.why
    if wallets.google is not None:
        client = GoogleClient(wallets.google)
        said = await client.look()
        await client.close()
        found[Wallet.GOOGLE] = "" if said.came is Came.TAKEN else said.why
    return found
