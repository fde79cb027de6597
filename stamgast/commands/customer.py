"""`stamgast customer`: what is known about a customer, without saying who they are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, load_settings, new_app, print_json

app = new_app("Show what is known about a customer.", no_args_is_help=True)


@app.callback()
def customer() -> None:
    """Show what is known about a customer."""


@app.command()
def show(
    merchant: Annotated[str, typer.Argument(help="The merchant.")],
    identifier: Annotated[str, typer.Argument(help="Customer id, phone or membership number.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show figures, stamps, vouchers, stage and CLV of one customer."""
    from stamgast.commands.finding import find
    from stamgast.showing import show_customer

    settings = load_settings()
    found = find(settings, merchant, identifier)
    shown = show_customer(found.customer_id, found.state, found.bundle.program, settings.make_clock().now())
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        answer(f"{name:<16} {_in_words(value)}".rstrip())


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_in_words(each) for each in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
