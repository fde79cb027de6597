"""Who may sign in: what is final stays so, in whatever order records come, and after any compaction."""

import random

import pytest

from stamgast.domain.units import DAY, HOUR
from stamgast.users.names import clean_name
from stamgast.users.record import DEVICE_IDLE, INVITED_FOR, SESSION_LONGEST, seen
from stamgast.users.rights import RIGHTS, Right, Role, may
from stamgast.users.roster import LastOwnerError
from stamgast.users.table import UserTable
from stamgast.users.tokens import Token, new_token, read_token
from tests.fakes.house import MERCHANT, OTHER, House


@pytest.fixture
async def house() -> House:
    return await House().open()


async def replayed(house: House, *, compacted: bool = False) -> UserTable:
    """The table as another process has it, which read the topic from its beginning."""
    records = [(key, value) for topic, key, value in house.appended if topic == "users.v1"]
    if compacted:
        newest = dict(records)
        records = sorted(
            newest.items(), key=lambda each: [key for key, _ in records[::-1]].index(each[0]), reverse=True
        )
    table = UserTable()
    for key, value in records:
        table.note(key, value)
    await table.open()
    return table


def test_every_role_may_look_after_itself_and_only_an_owner_lets_others_in():
    assert all(may(role, Right.OWN_ACCOUNT) for role in Role)
    for right in (Right.MANAGE_USERS, Right.SEE_PHONES, Right.EXPORT, Right.ERASE, Right.SEE_AUDIT, Right.MANAGE_TILLS):
        assert [role for role in Role if may(role, right)] == [Role.OWNER], right
    assert RIGHTS[Role.OWNER] == frozenset(Right)


async def test_a_link_is_good_once_and_not_for_ever(house: House):
    invited = await house.roster.invite("Noor", {MERCHANT: Role.VIEWER}, house.now)
    table = house.roster.table
    assert table.invitation(invited.token, house.now + INVITED_FOR - 1) == invited.invitation
    assert table.invitation(invited.token, house.now + INVITED_FOR) is None
    assert table.invitation(Token(invited.token.id, new_token().secret), house.now) is None
    again = await house.roster.invite_again(invited.user, house.now)
    assert table.invitation(invited.token, house.now) is None
    await house.roster.revoke(invited.user, house.now)
    assert table.invitation(again.token, house.now) is None


async def test_what_was_ended_stays_so_though_a_use_of_it_is_noted_later(house: House):
    user = await house.user()
    token = await house.session(user)
    _, till = await house.till()
    for each in (token.id, till.id):
        await house.roster.end(each, house.now)
        await house.roster.touch(each, house.now + 1)
    for compacted in (False, True):
        table = await replayed(house, compacted=compacted)
        assert table.session(token, house.now + 2) is None
        assert table.device(till, house.now + 2) is None


async def test_who_is_signed_out_everywhere_is_so_in_sessions_that_another_process_is_just_beginning(house: House):
    user = await house.user()
    await house.roster.end_sessions(user, house.now)
    token = await house.session(user)  # of the same millisecond: appended behind it by a process that had not read it
    assert house.roster.table.session(token, house.now) is None
    house.now += 1
    assert house.roster.table.session(await house.session(user), house.now) is not None


async def test_a_till_stays_paired_as_long_as_it_is_used_once_a_year(house: House):
    device, token = await house.till()
    table = house.roster.table
    assert table.device(token, house.now + DEVICE_IDLE) is None
    table.note(*seen(device.id, house.now + 360 * DAY))
    assert table.device(token, house.now + DEVICE_IDLE) == device


async def test_records_of_sessions_that_are_over_are_taken_away(house: House):
    user = await house.user()
    old = await house.session(user)
    house.now += SESSION_LONGEST
    await house.session(user)
    assert {key: value for _, key, value in house.appended}[f"session:{old.id}".encode()] is None
    assert not (await replayed(house, compacted=True)).knows(old.id)


async def test_the_last_who_lets_others_in_stays(house: House):
    noor, piet = await house.user(), await house.user(Role.VIEWER)
    with pytest.raises(LastOwnerError):
        await house.roster.set_role(noor, MERCHANT, Role.MARKETER, house.now)
    await house.roster.set_role(piet, MERCHANT, Role.OWNER, house.now)
    await house.roster.set_role(noor, MERCHANT, Role.MARKETER, house.now)
    lapsed = await house.roster.invite("Lost", {MERCHANT: Role.OWNER}, house.now)
    house.now = lapsed.invitation.ends_at
    owner = next(each for each in house.roster.table.users() if each.id == piet.id)
    with pytest.raises(LastOwnerError):  # who never took their link lets nobody in
        house.roster.check_not_last(owner, [MERCHANT], house.now)


async def test_who_leaves_one_merchant_stays_at_the_other(house: House):
    user = await house.user(Role.OWNER, MERCHANT, OTHER)
    token = await house.session(user)
    await house.roster.leave(user, MERCHANT, house.now)
    left = house.roster.table.user(user.id)
    assert left is not None
    assert left.merchants == [OTHER]
    assert house.roster.table.session(token, house.now) is not None
    await house.roster.leave(left, OTHER, house.now)
    assert house.roster.table.user(user.id) is None
    assert house.roster.table.is_revoked(user.id)


async def test_whatever_stands_on_the_topic_is_read_or_passed_over(house: House):
    user = await house.user()
    token = await house.session(user)
    table, draw = house.roster.table, random.Random(7)
    for key in (b"user:x", b"session:", b"nothing:x", b"\xff\xfe", None, b"ended:y", b"seen:" + token.id.encode()):
        for value in (None, b"", b"{", b"[]", b"1", b'{"at": "x"}', draw.randbytes(40), b"[" * 5_000):
            table.note(key, value)
    assert table.session(token, house.now + HOUR) is not None


async def test_nothing_of_a_secret_or_a_name_stands_on_the_topic(house: House):
    user = await house.user(name="Wilhelmina")
    session = await house.session(user)
    _, till = await house.till()
    invited = await house.roster.invite("Balthazar", {MERCHANT: Role.OWNER}, house.now)
    await house.roster.name_operator(MERCHANT, "Cornelia", house.now)
    written = b"".join((key or b"") + (value or b"") for _, key, value in house.appended)
    for secret in ("Wilhelmina", "Balthazar", "Cornelia", "Counter", session.secret, till.secret, invited.token.secret):
        assert secret.encode() not in written
    assert house.roster.name_of(user) == "Wilhelmina"


def test_an_operator_has_the_same_id_at_each_till_of_a_merchant_and_another_one_elsewhere():
    roster = House().roster
    assert roster.operator_id(MERCHANT, "Piet") == roster.operator_id(MERCHANT, "PIET")
    assert roster.operator_id(MERCHANT, "Piet") != roster.operator_id(OTHER, "Piet")
    assert roster.operator_id(MERCHANT, "") == ""


@pytest.mark.parametrize("text", ["", "a", f"{'a' * 16}.{'b' * 42}", f"{'A' * 16}.{'b' * 43}", "é" * 60, "a.b.c"])
def test_what_is_no_token_is_none(text: str):
    assert read_token(text) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [("  Noor \n de  Wit ", "Noor de Wit"), ("A\u202eB", "A B"), ("Zoe\u0308", "Zoë"), ("\x1b[31m", "[31m")],
)
def test_a_name_steers_nothing(given: str, kept: str):
    assert clean_name(given) == kept
