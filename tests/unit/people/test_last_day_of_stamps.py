"""Once somebody was warned, whatever shows their card says the last day of its stamps; before that, and after, nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.answers import answer_variables
from stamgast.domain.customer import Card, Customer
from stamgast.domain.events import Replied
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR
from stamgast.people.timeline import told_of_fact
from stamgast.wallet.apple.certificates import read_apple
from stamgast.wallet.apple.pass_file import pass_json
from stamgast.wallet.content import PassContent, content_of
from stamgast.wallet.google.account import GoogleAccount
from stamgast.wallet.google.loyalty import object_json
from stamgast.web.pages.customer.card import CardPage, show_card
from stamgast.web.pages.customer.picture import draw, missing, runs_out
from stamgast.web.pages.customer.version import version_of
from tests.builders import ANNA, MERCHANT, at, bought, consent
from tests.fakes.apple_files import settings_of, write
from tests.fakes.in_memory import Owner
from tests.fakes.lying_cards import became, pass_until, shop

FIRST = at("2025-10-03T12:00:00")
LAST_DAY = at("2026-10-03T12:00:00")


def owner() -> Owner:
    made = Owner(shop())
    made.apply(consent(when=FIRST - DAY))
    made.apply(bought("t0", FIRST))
    return made


def warn(of: Owner) -> None:
    [message] = pass_until(of, LAST_DAY - 29 * DAY)
    became(of, [message], LAST_DAY - 30 * DAY)


def asks(of: Owner, number: int, when: int) -> dict[str, Any]:
    of.apply(
        Replied(merchant=MERCHANT, customer=ANNA, at=when, id=f"m{number}", keyword="card", channel="sms", answers=True)
    )
    [submission] = of.changes[-1].submissions
    became(of, [submission], when)
    return submission.data


def test_an_answer_about_the_card_says_it():
    anna = owner()
    program = anna.bundle.program
    assert answer_variables(program, asks(anna, 1, FIRST + DAY), "nl")["text"] == "1 van 5 stempels voor Brood."
    warn(anna)
    told = asks(anna, 2, LAST_DAY - 20 * DAY)
    assert answer_variables(program, told, "nl")["text"] == "1 van 5 stempels voor Brood (vervallen na 3/10/2026)."
    assert [answer_variables(program, told, each)["text"] for each in ("fr-BE", "de", "en")] == [
        "1 tampons sur 5 pour Brood (expirent après le 3/10/2026).",
        "1 von 5 Stempeln für Brood (verfallen nach dem 3/10/2026).",
        "1 of 5 stamps for Brood (run out after 3/10/2026).",
    ]
    anna.apply(bought("new", LAST_DAY - 10 * DAY))
    assert "run_out" not in asks(anna, 3, LAST_DAY - 9 * DAY)


def test_the_stream_tells_of_the_warning_so_that_wallets_look_and_the_timeline_has_the_message_alone():
    anna = owner()
    warn(anna)
    [told] = [as_line(line) for change in anna.changes for line in change.told if line.became == "warned"]
    assert (told.kind, told.card, told.before, told.after) == ("stamps", "bread", 1, 1)
    assert told_of_fact(told) is None


def shown(of: Owner) -> CardPage:
    return show_card((ANNA, of.bundle.program, of.state()), "nl", LAST_DAY - 20 * DAY, [], "")


def test_the_picture_says_it_and_is_another_version():
    anna = owner()
    before = shown(anna)
    warn(anna)
    after = shown(anna)
    assert runs_out(after.cards[0], "nl") == "Deze stempels vervallen na 3 oktober 2026."
    look = anna.bundle.program.look
    assert draw(after, look, "nl") != draw(before, look, "nl")
    assert version_of(after, look) != version_of(before, look)


def test_the_picture_tells_of_what_is_owed_as_the_page_does():
    anna = owner()
    owing = show_card((ANNA, anna.bundle.program, Customer(cards={"bread": Card(balance=-2)})), "nl", FIRST, [], "")
    assert missing(owing.cards[0], "nl").startswith("Een retour nam 2 stempels")


@pytest.fixture
def contents() -> tuple[PassContent, PassContent]:
    """Before the warning, and after."""
    anna = owner()
    before = content_of(ANNA, anna.state(), anna.bundle.program, "nl", FIRST + HOUR)
    warn(anna)
    return before, content_of(ANNA, anna.state(), anna.bundle.program, "nl", LAST_DAY - 20 * DAY)


def test_an_apple_pass_says_it(contents: tuple[PassContent, PassContent], tmp_path: Path):
    account, wrong = read_apple(settings_of(write(tmp_path)), LAST_DAY)
    assert account is not None, wrong
    before, after = (pass_json(each, account, "serial", "t" * 40, "")["storeCard"] for each in contents)
    assert contents[0].version != contents[1].version, "devices fetch it"
    assert [each["key"] for each in before["secondaryFields"]] == ["missing"]
    assert after["secondaryFields"][1:] == [
        {"key": "last_day", "value": "3 oktober 2026", "label": "Stempels geldig t/m"}
    ]
    assert "Deze stempels vervallen na 3 oktober 2026." in json.dumps(after["backFields"])


def test_a_google_object_says_it(contents: tuple[PassContent, PassContent]):
    key: Any = None
    account = GoogleAccount("1", "", "", "", "", key)
    before, after = (object_json(account, MERCHANT, "s", each)["textModulesData"][0]["body"] for each in contents)
    assert after == f"{before}\nDeze stempels vervallen na 3 oktober 2026. Met één nieuwe blijven ze staan."
