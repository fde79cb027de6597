"""`stamgast join`: the codes by which people become customers, as links and as QR for a poster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json

OfMerchant = Annotated[
    str | None, typer.Option("--merchant", "-m", help="Whose; not needed where there is one merchant.")
]
Number = Annotated[str, typer.Option("--number", help="The number to write to, where program.yaml names a service.")]

app = new_app("Codes by which people join: links, and QR for a poster.", no_args_is_help=True)


@app.callback()
def join() -> None:
    """Codes by which people join: links, and QR for a poster."""


@app.command("list")
def list_codes(*, merchant: OfMerchant = None, number: Number = "", as_json: AsJson = False) -> None:
    """List the codes of `join:` with their links."""
    from stamgast.commands.merchant_files import files_of
    from stamgast.domain.vocabulary import Channel
    from stamgast.people.join_links import NoNumberError, link_of, number_of, words_of_code

    _, loaded = files_of(load_settings(), merchant)
    rows = []
    for code in loaded.program.join.values():
        links = {}
        for channel in Channel:
            try:
                links[channel.value] = link_of(code, channel, number_of(loaded.program, channel, number))
            except NoNumberError:
                continue
        rows.append({"code": code.code, "words": words_of_code(code), "source": code.source, "links": links})
    if as_json:
        print_json({"merchant": loaded.program.merchant, "codes": rows})
        return
    for row in rows:
        answer(f"{row['words']}  (source {row['source']})")
        for link in row["links"].values():  # type: ignore[attr-defined]
            answer(f"  {link}")
    if not rows:
        answer("program.yaml has no codes: add `join: {bread: {wording: poster-2026}}`")


@app.command()
def qr(
    code: Annotated[str, typer.Argument(help="One of the codes of `join:`.")],
    to: Annotated[Path, typer.Option("--to", help="The file: .svg, .png, .pdf, .eps or .txt.")],
    *,
    merchant: OfMerchant = None,
    channel: Annotated[str, typer.Option("--channel", help="whatsapp or sms.")] = "whatsapp",
    number: Number = "",
    as_json: AsJson = False,
) -> None:
    """Draw a code for a poster: whoever scans it has the words in WhatsApp, or in an SMS, and only has to send them."""
    from stamgast.commands.merchant_files import files_of
    from stamgast.domain.channels import UnknownChannelError, channel_named
    from stamgast.domain.spelling import nearest
    from stamgast.people.join_links import KINDS, NoNumberError, draw, link_of, number_of, words_of_code

    if to.suffix.removeprefix(".") not in KINDS:
        misuse(f"{to} says no kind of picture: end it in one of {', '.join(f'.{each}' for each in KINDS)}")
    _, loaded = files_of(load_settings(), merchant)
    codes = loaded.program.join
    if code.casefold() not in codes:
        near = nearest(code.casefold(), codes)
        hint = f"; did you mean {near!r}?" if near else "; `stamgast join list` shows them"
        misuse(f"there is no code {code!r} in `join` of {loaded.program.merchant}{hint}")
    found = codes[code.casefold()]
    try:
        by = channel_named(channel)
        link = link_of(found, by, number_of(loaded.program, by, number))
    except (UnknownChannelError, NoNumberError) as error:
        misuse(str(error))
    try:
        draw(link, to)
    except OSError as error:
        fail(f"{to} cannot be written: {error.strerror or error}")
    if as_json:
        print_json({"code": found.code, "words": words_of_code(found), "link": link, "file": str(to)})
        return
    answer(f"{to}: {words_of_code(found)} ({link})")
    answer(f"Write beside it what they agree to: that is what the wording {found.wording!r} stands for.")
