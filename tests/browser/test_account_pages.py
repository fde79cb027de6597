"""Signing in as people do it, with Chromium's own authenticator: invited, signed in, put out, let in again."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Locator, Page, expect

from stamgast.audit.book import AuditSeal, note
from stamgast.audit.reading import Line, Lines, Place
from stamgast.audit.record import About, Actor, Did, Who
from stamgast.log.topics import Topics
from stamgast.state.client import RedisClient
from stamgast.users.rights import Role
from stamgast.web.access.cookies import Cookie
from stamgast.web.app import create_app
from tests.browser.looking import look_at, seen, served
from tests.fakes.house import MERCHANT, OTHER, House
from tests.fakes.marketed import Marketed
from tests.fakes.marketed import seen as seen_of_shop

pytestmark = pytest.mark.browser

T = TypeVar("T")


class Site(NamedTuple):
    url: str
    house: House


def now(work: Coroutine[Any, Any, T]) -> T:
    """What waits for nothing, done at once: Playwright has the loop of this thread."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for something")


@pytest.fixture
def site(redis_server) -> Iterator[Site]:
    house = Marketed()
    house.furnish(seen_of_shop())
    house.deps.redis = RedisClient(redis_server.url)
    now(house.open())
    with served(create_app(house.deps)) as address:
        house.deps.public_url = f"http://localhost:{urlsplit(address).port}"
        yield Site(house.deps.public_url, house)


class Person:
    """A browser with an authenticator of its own."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.devtools: CDPSession = context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = made["authenticatorId"]

    def session(self) -> str:
        return next((each["value"] for each in self.context.cookies() if each["name"] == Cookie.SESSION.value), "")

    def verified(self, yes: bool) -> None:
        told = {"authenticatorId": self.authenticator, "isUserVerified": yes}
        self.devtools.send("WebAuthn.setUserVerified", told)


@contextmanager
def somebody(browser: Browser, **how: Any) -> Iterator[Person]:
    context = browser.new_context(locale="en-GB", **how)
    person = Person(context)
    yield person
    assert person.wrong == []
    context.close()


def invite(site: Site, role: Role = Role.OWNER, *merchants: str, name: str = "Noor") -> str:
    roles = dict.fromkeys(merchants or (MERCHANT,), role)
    invited = now(site.house.roster.invite(name, roles, site.house.now))
    return f"{site.url}/app/invitation/{invited.token.text}"


def take(person: Person, link: str) -> None:
    person.page.goto(link)
    person.page.get_by_role("button", name="Make a passkey").click()
    expect(person.page.locator("header nav")).to_be_visible()  # the overview, in the shop's own language


def opened(person: Person, name: str) -> Locator:
    row = person.page.locator(".lines > li").filter(has=person.page.locator("strong", has_text=name))
    row.locator("summary", has_text="Change").first.click()
    return row


def let_in_no_more(person: Person, name: str) -> None:
    row = opened(person, name)
    row.locator("summary", has_text="Let in no more").click()
    row.get_by_role("button", name="Yes, let in no more").click()


def test_who_is_invited_makes_a_passkey_and_signs_in_with_it_from_then_on(browser: Browser, site: Site):
    with somebody(browser) as noor:
        link = invite(site)
        noor.page.goto(link)
        expect(noor.page.get_by_role("heading", name="Welcome, Noor")).to_be_visible()
        assert seen(noor.page, "invitation") == []
        take(noor, link)
        first = noor.session()
        noor.page.goto(link)
        expect(noor.page.get_by_role("heading", name="This link is good no more")).to_be_visible()

        noor.page.goto(f"{site.url}/app/sessions")
        assert seen(noor.page, "sessions") == []
        noor.page.get_by_role("button", name="Sign out").click()
        expect(noor.page.get_by_text("You are signed out.")).to_be_visible()
        assert noor.session() == ""
        noor.page.goto(f"{site.url}/app/audit?before=5")
        expect(noor.page).to_have_url(f"{site.url}/app/sign-in?next=/app/audit%3Fbefore%3D5")
        assert seen(noor.page, "sign-in") == []
        noor.page.goto(f"{site.url}/app/sign-in?next=/app/users")
        noor.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(noor.page.get_by_role("heading", name="Users", exact=True)).to_be_visible()
        assert noor.session() not in ("", first)
        cookie = next(each for each in noor.context.cookies() if each["name"] == Cookie.SESSION.value)
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    done = [each.did for each in site.house.notes]
    assert done == [Did.PASSKEY_ADDED, Did.SIGNED_IN, Did.SIGNED_OUT, Did.SIGNED_IN]


def test_a_passkey_that_was_removed_or_did_not_ask_its_owner_lets_nobody_in(browser: Browser, site: Site):
    with somebody(browser) as noor:
        take(noor, invite(site))
        user = site.house.roster.table.users()[0]
        now(site.house.roster.end_sessions(user, site.house.now))
        site.house.now += 1_000
        noor.verified(False)
        noor.page.goto(f"{site.url}/app/sign-in")
        noor.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(noor.page.get_by_role("status")).to_contain_text("Nothing was chosen")
        noor.verified(True)
        for passkey in site.house.roster.table.passkeys(user.id):
            now(site.house.roster.end(passkey.id, site.house.now))
        noor.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(noor.page.get_by_role("status")).to_contain_text("That did not work")
        assert site.house.notes[-1].did is Did.SIGN_IN_FAILED


def test_somebody_has_several_passkeys_and_ends_what_is_signed_in_elsewhere(browser: Browser, site: Site):
    with somebody(browser) as here, somebody(browser) as there:
        take(here, invite(site))
        user = site.house.roster.table.users()[0]
        site.house.now += 1_000  # the later passkey is the last one of the list
        again = now(site.house.roster.invite_again(user, site.house.now))
        take(there, f"{site.url}/app/invitation/{again.token.text}")
        here.page.goto(f"{site.url}/app/sessions")
        expect(here.page.get_by_role("button", name="Remove")).to_have_count(0)  # folded away until it is wanted
        here.page.get_by_text("End all others").click()
        here.page.get_by_role("button", name="End them").click()
        expect(here.page.get_by_text("That is over, everywhere.")).to_be_visible()
        there.page.goto(f"{site.url}/app/sessions")
        expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert len(site.house.roster.table.passkeys(user.id)) == 2
        here.page.get_by_text("Remove", exact=True).last.click()
        here.page.get_by_role("button", name="Remove it").click()
        expect(here.page.get_by_text("The passkey is removed.")).to_be_visible()
        there.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(there.page.get_by_role("status")).to_contain_text("That did not work")


def test_an_owner_invites_changes_and_ends_and_never_locks_the_shop_out(browser: Browser, site: Site):
    with somebody(browser) as noor, somebody(browser) as piet:
        take(noor, invite(site))
        noor.page.goto(f"{site.url}/app/users")
        noor.page.get_by_label("Name").fill("Piet")
        noor.page.locator("#new-role").select_option("cashier")
        noor.page.get_by_role("button", name="Make a link").click()
        link = noor.page.locator(".copied code").inner_text()
        assert seen(noor.page, "users") == []
        take(piet, link)
        piet.page.goto(f"{site.url}/app/users")
        expect(piet.page.get_by_role("heading", name="This is not for you")).to_be_visible()

        noor.page.goto(f"{site.url}/app/users")
        let_in_no_more(noor, "Noor")
        expect(noor.page.get_by_role("alert")).to_contain_text("Make somebody an owner first")
        row = opened(noor, "Piet")
        assert seen(noor.page, "users-opened") == []
        row.get_by_label("Role").select_option("viewer")
        row.get_by_role("button", name="Change the role").click()
        expect(noor.page.get_by_text("The role is changed.")).to_be_visible()
        let_in_no_more(noor, "Piet")
        expect(noor.page.get_by_text("They come in no more.")).to_be_visible()
        piet.page.goto(f"{site.url}/app/sessions")
        expect(piet.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_link_for_somebody_of_two_shops_is_made_by_nobody_who_has_one(browser: Browser, site: Site):
    invite(site, Role.VIEWER, MERCHANT, OTHER, name="Both")
    with somebody(browser) as noor:
        take(noor, invite(site))
        both = next(each for each in site.house.roster.table.users() if len(each.roles) == 2)
        noor.page.goto(f"{site.url}/app/users")
        opened(noor, "Both")
        expect(noor.page.locator(f"form[action='/app/users/{both.id}/link']")).to_have_count(0)
        csrf = noor.page.locator("input[name=csrf]").first.input_value()
        answer = noor.page.request.post(
            f"{site.url}/app/users/{both.id}/link", form={"csrf": csrf}, headers={"Origin": site.url}
        )
        assert answer.status == 403


def test_a_tablet_becomes_a_till_by_a_code_and_is_none_any_more_when_it_is_unpaired(browser: Browser, site: Site):
    with somebody(browser) as noor, somebody(browser, viewport={"width": 360, "height": 740}) as tablet:
        take(noor, invite(site))
        noor.page.goto(f"{site.url}/app/tills")
        noor.page.get_by_label("What it is called").fill("Counter")
        noor.page.get_by_role("button", name="Show the code").click()
        assert seen(noor.page, "tills") == []
        code = noor.page.locator(".pairing-code code").inner_text()

        tablet.page.goto(f"{site.url}/till/device")
        assert seen(tablet.page, "pair") == []
        tablet.page.get_by_label("Code").fill("AAAA-BBBB-CCCC")
        tablet.page.get_by_role("button", name="Next").click()
        expect(tablet.page.get_by_text("This code was used")).to_be_visible()
        tablet.page.get_by_label("Code").fill(code.lower().replace("-", " "))
        tablet.page.get_by_role("button", name="Next").click()
        tablet.page.get_by_role("button", name="Pair this device").click()
        expect(tablet.page).to_have_url(f"{site.url}/till")
        tablet.page.goto(f"{site.url}/till/device")
        expect(tablet.page.get_by_role("heading", name="Counter")).to_be_visible()
        tablet.page.get_by_label("Who stands here").fill("Piet é 7")
        tablet.page.get_by_role("button", name="Save").click()
        expect(tablet.page).to_have_url(f"{site.url}/till")
        tablet.page.goto(f"{site.url}/till/device")
        expect(tablet.page.get_by_label("Who stands here")).to_have_value("Piet é 7")
        assert seen(tablet.page, "device") == []
        roster = site.house.roster
        assert roster.operator_name(roster.operator_id(MERCHANT, "PIET É 7")) == "Piet é 7"

        noor.page.goto(f"{site.url}/till/pair/{code}")
        expect(noor.page.get_by_text("This code was used")).to_be_visible()
        noor.page.goto(f"{site.url}/app/tills")
        noor.page.locator("summary", has_text="Unpair").click()
        noor.page.get_by_role("button", name="Unpair it").click()
        expect(noor.page.get_by_text("It is no till any more.")).to_be_visible()
        tablet.page.goto(f"{site.url}/till/device")
        expect(tablet.page.get_by_role("heading", name="Pair this till")).to_be_visible()
    done = [each.did for each in site.house.notes]
    assert done[-2:] == [Did.TILL_PAIRED, Did.TILL_REVOKED]


def test_who_did_what_is_told_in_words(browser: Browser, site: Site, monkeypatch):
    async def notes(_place: Place, seal: AuditSeal, merchant: str, **_how: Any) -> Lines:
        found = site.house.notes[::-1]
        lines = [
            Line(each, seal.open(each.id, each.sealed_name), seal.open(each.id, each.sealed_words)) for each in found
        ]
        return Lines(lines, 7)

    monkeypatch.setattr("stamgast.web.pages.account.audit.read_notes", notes)  # Kafka: tests/integration/web
    site.house.deps.kafka = ""
    site.house.deps.topics = Topics(4)
    with somebody(browser) as noor:
        take(noor, invite(site))
        about = About(
            MERCHANT, rule="free-loaf", words="live: the oven is mended, and there is flour again for everybody"
        )
        now(note(site.house.audit, Who(Actor.COMMAND, name="cornelia"), Did.LAUNCHED, about))
        now(
            note(
                site.house.audit,
                Who(Actor.KEY, "c4mjx2"),
                Did.CUSTOMER_ERASED,
                About(MERCHANT, customer="c" + "a" * 24),
            )
        )
        noor.page.goto(f"{site.url}/app/audit")
        row = noor.page.get_by_role("listitem").filter(has_text="cornelia")
        expect(row).to_contain_text("launched a rule")
        expect(row).to_contain_text("there is flour again")
        expect(noor.page.locator(".deeds > li").filter(has_text="Noor").first).to_contain_text("signed in")
        expect(noor.page.get_by_role("link", name="Older")).to_have_attribute("href", "/app/audit?before=7")
        assert seen(noor.page, "audit") == []


def test_by_its_address_a_page_of_this_machine_goes_on_under_its_name(browser: Browser, site: Site):
    by_address = site.url.replace("localhost", "127.0.0.1")
    with somebody(browser) as noor:
        noor.page.goto(f"{by_address}/app/sign-in")
        expect(noor.page).to_have_url(f"{site.url}/app/sign-in")
    for language in ("nl", "fr", "de"):
        assert look_at(browser, f"{site.url}/app/sign-in?lang={language}", picture=f"sign-in-{language}") == []
