"""`stamgast users`: who may sign in to the pages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, new_app, print_json, say
from stamgast.commands.noting import note_done
from stamgast.commands.stamping import stamp_of
from stamgast.domain.counting import so_many
from stamgast.domain.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stamgast.domain.units import Millis
    from stamgast.settings import Settings
    from stamgast.users.record import User
    from stamgast.users.roster import Invited, Roster
    from stamgast.users.site import Site

app = new_app("Say who may sign in to the pages, and end that.", no_args_is_help=True)

T = TypeVar("T")
Whom = Annotated[str, typer.Argument(metavar="USER", help="The id that `users list` shows, or the name.")]
Merchant = Annotated[str, typer.Option("--merchant", help="Of one merchant only.")]
Days = Annotated[int, typer.Option("--days", min=1, max=30, help="How long the link is good.")]

_DAYS: Final = 7


@app.command()
def invite(
    name: Annotated[str, typer.Argument(help="What they are called, such as Noor.")],
    *,
    role: Annotated[str, typer.Option("--role", help="owner, marketer, cashier or viewer.")],
    merchant: Annotated[list[str], typer.Option("--merchant", help="At which merchant; several times for several.")],
    days: Days = _DAYS,
    as_json: AsJson = False,
) -> None:
    """Let somebody in: print a link by which they make a passkey, once. Whoever has the link can take it."""
    from stamgast.audit.record import About, Did
    from stamgast.users.names import LONGEST, clean_name

    settings = load_settings()
    site, roles = _site(settings), {each: _role(role) for each in _merchants(merchant)}
    called = clean_name(name)
    if not called or len(called) > LONGEST:
        misuse(f"what they are called has 1 to {LONGEST} letters")
    now = stamp_of(settings)
    known = _run(settings, lambda _: _published(settings))
    invited = _run(settings, lambda roster: roster.invite(called, roles, now, days * _day()))
    note_done(settings, Did.USER_INVITED, *(About(each, user=invited.user.id, words=role) for each in roles))
    _tell_link(site, invited, called, days, as_json=as_json)
    for each in sorted(set(roles) - known):
        near = nearest(each, known)
        say(f"note: no programme of {each!r} is in force yet" + (f"; did you mean {near!r}?" if near else ""))


@app.command("invite-again")
def invite_again(user: Whom, *, days: Days = _DAYS, as_json: AsJson = False) -> None:
    """Print another link, for who lost theirs or their passkeys. The link before is good no more; passkeys stay."""
    from stamgast.audit.record import About, Did

    settings = load_settings()
    site, now = _site(settings), stamp_of(settings)

    async def again(roster: Roster) -> tuple[Invited, str]:
        found = _find(roster, user)
        return await roster.invite_again(found, now, days * _day()), roster.name_of(found)

    invited, name = _run(settings, again)
    note_done(settings, Did.USER_INVITED, *(About(each, user=invited.user.id) for each in invited.user.merchants))
    _tell_link(site, invited, name, days, as_json=as_json)


@app.command("list")
def list_users(*, merchant: Merchant = "", as_json: AsJson = False) -> None:
    """Show who may sign in, as what, and when they were there last. This is personal data."""
    from stamgast.clock.shop_time import format_time

    settings = load_settings()
    now = settings.make_clock().now()

    async def rows(roster: Roster) -> list[dict[str, Any]]:
        return [_row(roster, each, now) for each in roster.table.users(merchant)]

    found = _run(settings, rows)
    if as_json:
        print_json({"users": found})
        return
    for row in found:
        roles = ", ".join(f"{role} at {where}" for where, role in row["roles"].items())
        seen = f"last here {row['seen_at']}" if row["seen_at"] else "never here"
        state = f"{so_many(row['passkeys'], 'passkey')}, {so_many(row['sessions'], 'session')}, {seen}"
        answer(f"{row['id']}  {row['name']:<16}  {roles}  {state if row['passkeys'] else row['state']}")
    if not found:
        answer(f"nobody may sign in yet, {format_time(now)}; `stamgast users invite` lets somebody in")


@app.command()
def role(
    user: Whom,
    role: Annotated[str, typer.Option("--role", help="owner, marketer, cashier or viewer.")],
    merchant: Annotated[str, typer.Option("--merchant", help="At which merchant; one where they were not yet, too.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Let somebody be something else at a merchant, or something at another one. Their sessions go on."""
    from stamgast.audit.record import About, Did

    settings = load_settings()
    wanted, now = _role(role), stamp_of(settings)
    whose = _merchants([merchant])[0]

    async def change(roster: Roster) -> User:
        return await roster.set_role(_find(roster, user), whose, wanted, now)

    changed = _run(settings, change)
    note_done(settings, Did.ROLE_CHANGED, About(whose, user=changed.id, words=role))
    if as_json:
        print_json({"id": changed.id, "roles": dict(changed.roles)})
    else:
        answer(f"{user} is {role} at {whose} from now on.")


@app.command()
def revoke(user: Whom, *, as_json: AsJson = False) -> None:
    """Let somebody in no more, for good. Sessions, passkeys and links of theirs end within a second, everywhere."""
    from stamgast.audit.record import About, Did

    settings = load_settings()
    now = stamp_of(settings)

    async def end(roster: Roster) -> tuple[User, list[str]]:
        found = _find(roster, user)
        alone = _alone(roster, found, now)
        await roster.revoke(found, now)
        return found, alone

    found, alone = _run(settings, end)
    note_done(settings, Did.USER_REVOKED, *(About(each, user=found.id) for each in found.merchants))
    if as_json:
        print_json({"id": found.id, "revoked": True})
    else:
        answer(f"{user} comes in no more.")
    for each in alone:
        say(f"note: {each} has no owner any more who can sign in; `stamgast users invite NAME --role owner` makes one")


@app.command("end-sessions")
def end_sessions(user: Whom, *, as_json: AsJson = False) -> None:
    """Sign somebody out everywhere, within a second. They sign in again with their passkey."""
    from stamgast.audit.record import About, Did

    settings = load_settings()
    now = stamp_of(settings)

    async def end(roster: Roster) -> tuple[User, int]:
        found = _find(roster, user)
        return found, await roster.end_sessions(found, now)

    found, count = _run(settings, end)
    note_done(settings, Did.SESSIONS_ENDED, *(About(each, user=found.id) for each in found.merchants))
    if as_json:
        print_json({"id": found.id, "ended": count})
    else:
        answer(f"{so_many(count, 'session')} of {user} ended.")


def _tell_link(site: Site, invited: Invited, name: str, days: int, *, as_json: bool) -> None:
    from stamgast.clock.shop_time import format_time

    link = site.link(f"/app/invitation/{invited.token.text}")
    if as_json:
        until = format_time(invited.invitation.ends_at)
        print_json(
            {"id": invited.user.id, "name": name, "link": link, "until": until, "roles": dict(invited.user.roles)}
        )
        return
    answer(f"{link}\n\nFor {name} ({invited.user.id}), once, within {so_many(days, 'day')}. It is not shown again.")
    if site.is_local:
        say("note: STAMGAST_PUBLIC_URL is this machine's own; from another one nobody reaches it")


def _row(roster: Roster, user: User, now: Millis) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    passkeys, sessions = roster.table.passkeys(user.id), roster.table.sessions(user.id, now)
    used = [roster.table.seen_at(each) for each in passkeys] + [roster.table.seen_at(each) for each in sessions]
    seen = max(used, default=0)
    invited = "invited" if roster.table.invitations(user.id, now) else "their link is over: `users invite-again`"
    return {
        "id": user.id,
        "name": roster.name_of(user),
        "roles": {merchant: user.roles[merchant].value for merchant in user.merchants},
        "state": "active" if passkeys else invited,
        "passkeys": len(passkeys),
        "sessions": len(sessions),
        "seen_at": format_time(seen) if seen else None,
        "made_at": format_time(user.made_at),
    }


def _find(roster: Roster, named: str) -> User:
    """Find who is meant, by id or by a name that only one has."""
    users = roster.table.users()
    by_id = next((each for each in users if each.id == named), None)
    called = [each for each in users if roster.name_of(each).casefold() == named.strip().casefold()]
    if by_id is None and len(called) > 1:
        ids = ", ".join(each.id for each in called)
        fail(f"{len(called)} users are called {named!r}: say which by their id ({ids})")
    found = by_id or next(iter(called), None)
    if found is None:
        near = nearest(named, [name for each in users for name in (each.id, roster.name_of(each))])
        was = " any more" if roster.table.is_revoked(named) else ""
        fail(f"there is no user {named!r}{was}" + (f"; did you mean {near!r}?" if near else ""))
    return found


def _alone(roster: Roster, user: User, now: Millis) -> list[str]:
    """Where nobody is left who lets others in; a command may do that, and the next one mends it."""
    from stamgast.users.roster import LastOwnerError

    left = []
    for merchant in user.merchants:
        try:
            roster.check_not_last(user, [merchant], now)
        except LastOwnerError:
            left.append(merchant)
    return left


def _role(text: str) -> Any:
    from stamgast.users.rights import Role

    try:
        return Role(text)
    except ValueError:
        words = [each.value for each in Role]
        near = nearest(text, words)
        misuse(
            f"there is no role {text!r}; " + (f"did you mean {near!r}?" if near else f"there are {', '.join(words)}")
        )


def _merchants(names: list[str]) -> list[str]:
    from stamgast.domain.program import MERCHANT

    for name in names:
        if not MERCHANT.fullmatch(name):
            misuse(f"{name!r} is not a merchant's name: write small letters, digits, - and _")
    return names


def _site(settings: Settings) -> Site:
    from stamgast.users.site import NoSiteError, site_of

    try:
        return site_of(settings.public_url)
    except NoSiteError as error:
        misuse(str(error))


def _day() -> Millis:
    from stamgast.domain.units import DAY

    return DAY


async def _published(settings: Settings) -> set[str]:
    from stamgast.bootstrap import topics_of
    from stamgast.programs.history import BundleShelf

    shelf = BundleShelf()
    await shelf.load(kafka_of(settings), topics_of(settings).programs)
    return set(shelf.newest)


def _run(settings: Settings, work: Callable[[Roster], Awaitable[T]]) -> T:
    """Do something with those who are there now."""
    from aiokafka.errors import KafkaError

    from stamgast.bootstrap import topics_of, wrapping_keys_of
    from stamgast.log.appender import Appender, NotAppendedError
    from stamgast.log.tables import read_table
    from stamgast.settings import SettingsError
    from stamgast.users.names import NameSeal
    from stamgast.users.roster import LastOwnerError, Roster
    from stamgast.users.table import UserTable

    try:
        seal = NameSeal(wrapping_keys_of(settings))
    except SettingsError as error:
        misuse(str(error))
    bootstrap, topic = kafka_of(settings, to_append=True), topics_of(settings).users

    async def run() -> T:
        table = await read_table(UserTable(), bootstrap, topic)
        appender = Appender(bootstrap, {topic: 1}, client_id="stamgast-users")
        try:
            return await work(Roster(table, appender.append, topic, seal))
        finally:
            await asyncio.shield(appender.close())

    try:
        return asyncio.run(run())
    except LastOwnerError as error:
        fail(str(error))
    except (NotAppendedError, KafkaError) as error:
        fail(str(error) or type(error).__name__)
