"""`stamgast templates`: what Twilio and WhatsApp know of a merchant's messages."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from stamgast.commands.answering import (
    WRONG,
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
    from channels.twilio.contents import Contents
    from rules.loader import LoadedMerchant
    from rules.program.content_lock import Held
    from rules.program.contents import ContentFile
    from stamgast.programs.contents import Locks
    from stamgast.settings import Settings

T = TypeVar("T")
Names = Annotated[list[str] | None, typer.Argument(metavar="[TEMPLATE…]", help="Templates; all if none is named.")]
OfMerchant = Annotated[
    str | None, typer.Option("--merchant", "-m", help="Whose; not needed where there is one merchant.")
]

app = new_app(
    "Messages that WhatsApp has to approve: pushed from contents/, looked at, compared.", no_args_is_help=True
)


@app.callback()
def templates() -> None:
    """Messages for WhatsApp to approve: pushed from contents/, looked at, compared."""


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


@app.command()
def push(
    names: Names = None,
    *,
    merchant: OfMerchant = None,
    as_json: AsJson = False,
) -> None:
    """Create what is new or changed in contents/ at Twilio, ask for WhatsApp's approval, and note the ContentSids."""
    from stamgast.programs.contents import Became, Pushed
    from stamgast.programs.contents import push as send

    asked = _Asked.by(merchant, names)

    async def work(contents: Contents) -> list[Pushed]:
        return await send(asked.loaded, asked.locks, contents, asked.now, asked.only)

    told = asked.run(work)
    rows = [
        asked.row(each.template, each.language, each.held) | {"became": each.became.value, "why": each.why}
        for each in told
    ]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            why = f": {row['why']}" if row["why"] else ""
            answer(
                f"{row['template']} ({row['language']}): {row['became']} {row['sid']} {row['approval']}{why}".rstrip()
            )
        if any(each.became in {Became.PUSHED, Became.FOUND} for each in told):
            answer(f"Wrote {asked.locks.file}; keep it with the texts. `stamgast templates status` asks for approvals.")
    raise typer.Exit(WRONG if any(each.became is Became.REFUSED for each in told) else 0)


@app.command()
def status(names: Names = None, *, merchant: OfMerchant = None, as_json: AsJson = False) -> None:
    """Ask where the approvals stand; what was approved replaces what is sent, from the next `publish` on."""
    from rules.program.content_lock import Approval, Held
    from stamgast.programs.contents import held_of, look_again

    asked = _Asked.by(merchant, names)
    rows: list[dict[str, Any]] = []

    def tell(template: str, language: str, held: Held) -> None:
        if not asked.only or template in asked.only:
            rows.append(asked.row(template, language, held))

    async def work(contents: Contents) -> list[Held]:
        gone = await look_again(asked.locks, contents, tell)
        for name, language, sid in asked.by_hand():
            told = await contents.look(sid)
            tell(name, language, held_of(told, "") if told is not None else Held(sid, "", approval=Approval.GONE))
        return gone

    gone = asked.run(work)
    pushed = {(row["template"], row["language"]) for row in rows}
    rows += [
        asked.row(file.template, language, None)
        for file, language in asked.wanted()
        if (file.template, language) not in pushed and not any(each.digest == file.digest(language) for each in gone)
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        price = f", {row['price']}" if row["price"] else ""
        answer(f"{row['template']} ({row['language']}): {row['approval']} {row['category']} {row['sid']}{price}")
    for each in gone:
        answer(f"{each.sid}: Twilio has it no more; `stamgast templates push` makes it anew once its entry is deleted")
    if not rows:
        answer("nothing in contents/, and program.yaml names no ContentSid")


@app.command()
def diff(names: Names = None, *, merchant: OfMerchant = None, as_json: AsJson = False) -> None:
    """Show what contents/ says differently from what was pushed last; exits 1 if anything differs."""
    from stamgast.programs.contents import Compared, difference, newest_of

    asked = _Asked.by(merchant, names)

    async def work(contents: Contents) -> list[dict[str, Any]]:
        rows = []
        for file, language in asked.wanted():
            held = newest_of(asked.locks.lock, file.template, language)
            told = await contents.look(held.sid) if held is not None else None
            lines = difference(told["types"] if told is not None else {}, file, language)
            missing = Compared.NEW if held is None else Compared.GONE if told is None else None
            state = missing or (Compared.CHANGED if lines else Compared.SAME)
            rows.append(asked.row(file.template, language, held) | {"state": state.value, "difference": lines})
        return rows

    rows = asked.run(work)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            answer(f"{row['template']} ({row['language']}): {row['state']} {row['sid']}".rstrip())
            for line in row["difference"]:
                answer(f"  {line}")
    raise typer.Exit(WRONG if any(row["state"] != Compared.SAME for row in rows) else 0)


@app.command()
def preview(names: Names = None, *, merchant: OfMerchant = None, as_json: AsJson = False) -> None:
    """Show each message as three customers would read it, in each language, with its parts and price. No network."""
    from stamgast.programs.previews import previews_of

    asked = _Asked.by(merchant, names)
    program = asked.loaded.program
    rows = [
        asked.row(each.template, each.language, asked.held(each.template, each.language))
        | {"channel": each.channel, "customer": each.customer, "text": each.text, "why_not": each.why_not}
        | {"parts": each.parts, "price": each.price}
        for name in sorted(program.templates)
        if not asked.only or name in asked.only
        for each in previews_of(asked.loaded, name, asked.now)
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        parts = f", {row['parts']} part{'s' if row['parts'] > 1 else ''}" if row["parts"] else ""
        price = f", {row['price']}" if row["price"] else ""
        answer(f"{row['template']} ({row['language']}) {row['channel']} to {row['customer']}{parts}{price}:")
        for line in (row["text"] or f"would not go out: {row['why_not']}").splitlines():
            answer(f"  {line}")


class _Asked:
    """What a command was asked about: one merchant's files, its lock, and which templates."""

    def __init__(self, settings: Settings, loaded: LoadedMerchant, locks: Locks, only: frozenset[str]) -> None:
        self._settings = settings
        self.loaded, self.locks, self.only = loaded, locks, only
        self.now = settings.make_clock().now()

    @classmethod
    def by(cls, merchant: str | None, names: list[str] | None) -> _Asked:
        """Find it, or say what is wrong and exit."""
        from rules.program.content_lock import NotALockError
        from rules.yaml.problems import suggest
        from stamgast.commands.merchant_files import files_of
        from stamgast.programs.contents import Locks

        settings = load_settings()
        folder, loaded = files_of(settings, merchant)
        for name in names or []:
            if name not in loaded.program.templates:
                misuse(f"program.yaml names no template {name!r}. {suggest(name, loaded.program.templates)}")
        try:
            return cls(settings, loaded, Locks(folder), frozenset(names or ()))
        except (NotALockError, OSError) as error:
            fail(f"{folder}/contents/lock.json cannot be read: {error}")

    def run(self, work: Callable[[Contents], Awaitable[T]]) -> T:
        """Do something with the account's contents."""
        from channels.twilio.contents import ContentsError, open_contents

        credentials = _credentials(self._settings)

        async def session() -> T:
            async with open_contents(credentials, self._settings.twilio_base_url) as contents:
                return await work(contents)

        try:
            return asyncio.run(session())
        except ContentsError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{self.locks.file} cannot be written: {error.strerror}")

    def wanted(self) -> list[tuple[ContentFile, str]]:
        """The texts of contents/ that are meant, in each language."""
        from stamgast.programs.contents import wanted

        return list(wanted(self.loaded, self.only))

    def by_hand(self) -> list[tuple[str, str, str]]:
        """Template, language and ContentSid of those that program.yaml names itself."""
        from stamgast.programs.contents import by_hand

        named = (
            (template.id, language, by_hand(self.loaded, self.locks.lock, template.id, language))
            for template in self.loaded.program.templates.values()
            for language in template.whatsapp
        )
        return [each for each in named if each[2]]

    def held(self, template: str, language: str) -> Held | None:
        """What was pushed last of a text."""
        from stamgast.programs.contents import newest_of

        return newest_of(self.locks.lock, template, language)

    def row(self, template: str, language: str, held: Held | None) -> dict[str, Any]:
        """What is said of a text in JSON. `parts` is 0 over WhatsApp, which counts messages."""
        from rules.program.content_lock import Approval
        from rules.program.message_size import price_of
        from stamgast.domain.vocabulary import Channel

        program = self.loaded.program
        file = self.loaded.contents.get(template)
        category = (file.category if file is not None else program.templates[template].purpose).upper()
        return {
            "merchant": program.merchant,
            "template": template,
            "language": language,
            "sid": held.sid if held is not None else "",
            "approval": held.approval if held is not None else Approval.NONE.value,
            "category": category
            or (file.category if file is not None else program.templates[template].purpose).upper(),
            "parts": 0,
            "price": price_of(program, 1, Channel.WHATSAPP),
        }


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
