"""`stamgast templates`: what Twilio and WhatsApp know of a merchant's messages."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import (
    AsJson,
    answer,
    fail,
    load_settings,
    misuse,
    new_app,
    print_json,
)

if TYPE_CHECKING:
    from channels.twilio.client import TwilioCredentials
    from stamgast.settings import Settings

app = new_app("Write down which messages WhatsApp approved, for `rules check` to compare.", no_args_is_help=True)


@app.callback()
def templates() -> None:
    """Write down which messages WhatsApp approved, for `rules check` to compare."""


@app.command()
def fetch(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH…]", help="Merchants' folders; all of STAMGAST_CONFIG_DIR if none."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask Twilio for every content that program.yaml names, and write templates/approved.json beside the texts."""
    from channels.twilio.contents import ContentsError, ask_contents
    from rules.program.approved_contents import APPROVED
    from stamgast.clock.shop_time import format_time
    from stamgast.programs.rule_files import files_at

    settings = load_settings()
    credentials = _credentials(settings)
    chosen = files_at(paths or [settings.config_dir])
    if not chosen.folders:
        misuse(chosen.complaint)
    told = []
    for folder, loaded in zip(chosen.folders, chosen.loaded, strict=True):
        wanted = sorted({sid for each in loaded.program.templates.values() for sid in each.whatsapp.values()})
        if not wanted:
            continue
        try:
            found = asyncio.run(ask_contents(credentials, wanted, settings.twilio_base_url))
        except ContentsError as error:
            fail(str(error))
        document = {"fetched_at": format_time(settings.make_clock().now()), "contents": found}
        file = folder / APPROVED
        _write(file, document)
        missing = sorted(set(wanted) - {each["sid"] for each in found})
        told.append({"merchant": loaded.program.merchant, "file": str(file), **_counted(found), "missing": missing})
    if as_json:
        print_json({"merchants": told})
        return
    for each in told:
        answer(_in_words(each))
    if not told:
        answer("no merchant has messages that WhatsApp has to approve")


def _credentials(settings: Settings) -> TwilioCredentials:
    from channels.twilio.client import TwilioCredentials

    account, key = settings.twilio_account_sid, settings.twilio_api_key.get_secret_value()
    if not account or not key:
        misuse("STAMGAST_TWILIO_ACCOUNT_SID, STAMGAST_TWILIO_API_KEY and STAMGAST_TWILIO_API_SECRET say whom to ask as")
    return TwilioCredentials(account, key, settings.twilio_api_secret.get_secret_value())


def _write(file: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


def _counted(found: list[dict[str, Any]]) -> dict[str, Any]:
    states = Counter(str(each["approval_requests"].get("status", "unsubmitted")) for each in found)
    return {"contents": len(found), "states": dict(sorted(states.items()))}


def _in_words(told: dict[str, Any]) -> str:
    states = ", ".join(f"{count} {state}" for state, count in told["states"].items()) or "none"
    missing = f"; Twilio does not know {', '.join(told['missing'])}" if told["missing"] else ""
    return f"{told['merchant']}: {states}{missing}. Wrote {told['file']}; `stamgast rules check` compares with it."
