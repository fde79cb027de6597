"""Who did what: names are sealed, ids are not, and what stands there is told in full."""

import msgspec
import pytest

from stamgast.audit.book import LONGEST_WORDS, AuditSeal, note
from stamgast.audit.record import About, Actor, Did, Noted, Who
from stamgast.users.rights import Role
from stamgast.web.pages.account.audit import ACTORS, SAID
from stamgast.web.pages.places import ROLES
from tests.fakes.house import KEYS, MERCHANT, House


@pytest.fixture
async def house() -> House:
    return await House().open()


async def test_a_note_names_nobody_in_the_clear(house: House):
    about = About(MERCHANT, rule="free-loaf", words="Wilhelmina asked for it")
    await note(house.audit, Who(Actor.COMMAND, name="cornelia"), Did.LAUNCHED, about)
    _, key, value = house.appended[-1]
    assert key == MERCHANT.encode()
    assert not [each for each in (b"Wilhelmina", b"cornelia") if each in (value or b"")]
    noted = house.notes[-1]
    assert (noted.at, noted.did, dict(noted.about)) == (house.now, Did.LAUNCHED, {"rule": "free-loaf"})
    seal = AuditSeal(KEYS)
    assert seal.open(noted.id, noted.sealed_name) == "cornelia"
    assert seal.open(noted.id, noted.sealed_words) == "Wilhelmina asked for it"
    assert seal.open("another", noted.sealed_words) == "", "moved to another note it opens no more"


async def test_without_keys_names_are_left_out_and_the_deed_is_noted(house: House):
    house.audit.seal = AuditSeal(None)
    await note(house.audit, Who(Actor.COMMAND, name="cornelia"), Did.KEY_MADE, About(MERCHANT, key="abc"))
    assert (house.notes[-1].sealed_name, house.notes[-1].did) == ("", Did.KEY_MADE)


async def test_words_are_bounded_and_what_concerns_no_merchant_has_a_place(house: House):
    await note(house.audit, Who(Actor.NOBODY), Did.SIGN_IN_FAILED, About(words="x" * 10_000))
    assert house.appended[-1][1] == b"-"
    assert len(AuditSeal(KEYS).open(house.notes[-1].id, house.notes[-1].sealed_words)) == LONGEST_WORDS


def test_every_deed_actor_and_role_is_told_on_pages():
    assert (set(SAID), set(ACTORS), set(ROLES)) == (set(Did), set(Actor), set(Role))


def test_fields_of_what_is_kept_stay_where_they_are():
    assert [each.name for each in msgspec.structs.fields(Noted)] == [
        "at", "actor", "did", "id", "who", "sealed_name", "about", "sealed_words",
    ]  # fmt: skip
