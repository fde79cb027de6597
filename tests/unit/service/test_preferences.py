"""What somebody tells of themselves fills in a field, once within a year, and nothing of it is told in the clear."""

from dataclasses import replace
from datetime import date

import pytest

from rules.loader import load_bundle
from stamgast.domain.conversation import Conversation, OpenQuestion
from stamgast.domain.events import Enrolled, Erased, OptedOut, OwnEvent, Replied
from stamgast.domain.preferences import Place, birthday_of, read_first_name
from stamgast.domain.questions import read_answers
from stamgast.domain.said_days import SaidDay
from stamgast.domain.told import Line
from stamgast.domain.units import DAY, HOUR
from stamgast.identity.veiling import Veils
from stamgast.programs.rule_tests import run_tests
from stamgast.service import Bundle
from tests.builders import ANNA, MERCHANT, T0, consent
from tests.fakes.in_memory import Owner
from tests.message_scenes import outcome
from tests.unit.rules import small_shop

VEIL = Veils(b"k" * 32).of(MERCHANT)
ASKS = "rule: example\nstatus: live\nwhen: {event: workshop}\nonce_per: event\nthen: [{ask: birthday, by: [sms]}]\n"
JARIG = "rule: jarig\nstatus: live\nwhen: {birthday: {before: 1 day}}\nthen: [{tag: jarig}]\n"
QUESTIONS = """
questions:
  birthday: {template: hello, answer: date, fills: birthday}
  name: {template: second, answer: text, fills: first_name}
  language: {template: third, answer: {nl: [nederlands], fr: [francais, français]}, fills: language}
  interest: {template: fourth, answer: {rye: [rogge], cake: [taart]}, fills: tags}
"""
MORE = ("second", "third", "fourth")
PROGRAM = (
    small_shop.PROGRAM.replace("  hello: {}\n", "  hello: {}\n" + "".join(f"  {each}: {{}}\n" for each in MORE))
    .replace("languages: [nl]", "languages: [nl, fr]")
    .replace("names: {nl: Een brood}", "names: {nl: Een brood, fr: Un pain}")
    .replace("names: {nl: Koffie}", "names: {nl: Koffie, fr: Un café}")
    .replace("words: {nl: [nieuws, nieuwsbrief]}", "words: {nl: [nieuws, nieuwsbrief], fr: actus}")
    .replace("{nl: HX00000000000000000000000000000001}", f"{{nl: HX{'0' * 32}, fr: HX{'1' * 32}}}")
    + QUESTIONS
)
TEXTS = {f"templates/{language}/{name}.j2": small_shop.HELLO for name in ("hello", *MORE) for language in ("nl", "fr")}


def owner(*rules: str) -> Owner:
    files = small_shop.files_of(ASKS, PROGRAM) | TEXTS
    loaded = load_bundle(files | {f"rules/{rule.split()[1]}.yaml": rule for rule in rules})
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    program = replace(
        loaded.program, merchant=MERCHANT, veil=VEIL, messaging=replace(loaded.program.messaging, caps={})
    )
    of = Owner(Bundle(0, "", program, loaded.rules))
    of.apply(consent())
    return of


def asks(of: Owner, question: str, at: int) -> None:
    """Let a question be open."""
    state = of.state()
    talk = state.conversation or Conversation()
    talk.question = OpenQuestion(question, "example", at + 3 * DAY)
    state.conversation = talk
    of.put(state)


def wrote(of: Owner, number: int, at: int, text: str, button: str = "") -> Replied:
    read = read_answers(of.bundle.program.questions, text, button, Place("NL", VEIL.hide_birthday))
    return Replied(merchant=MERCHANT, customer=ANNA, at=at, id=f"m{number}", channel="sms", read=read)


def visited(number: int, at: int) -> OwnEvent:
    return OwnEvent(merchant=MERCHANT, customer=ANNA, at=at, id=f"e{number}", name="workshop", happened_at=at)


def reasons(of: Owner) -> list[str]:
    return [note.reason for change in of.changes for note in change.notes if note.reason]


def told(of: Owner) -> list[tuple[str, str]]:
    lines = [line for change in of.changes for line in change.told if isinstance(line, Line)]
    return [(line.cause, line.became) for line in lines if line.kind == "answer" and line.cause]


def test_a_birthday_is_filled_in_behind_the_veil_and_a_rule_waits_for_it():
    of = owner(JARIG)
    asks(of, "birthday", T0)
    of.apply(wrote(of, 1, T0 + HOUR, "op 3 mei!"))
    state = of.state()
    assert "05-03" not in state.birthday
    assert VEIL.birthday(state.birthday) == "05-03"
    assert told(of) == [("question:birthday", "")]
    assert any(name.startswith("birthday") for name in state.timers)


def test_what_is_no_day_leaves_the_question_open():
    of = owner()
    asks(of, "birthday", T0)
    of.apply(wrote(of, 1, T0 + 1, "hoezo?"), wrote(of, 2, T0 + 2, "31/4"))
    talk = of.state().conversation
    assert talk is not None
    assert talk.question is not None
    assert of.state().birthday == ""


def test_a_name_is_an_answer_and_stands_nowhere_in_the_state_or_on_the_topics():
    of = owner()
    asks(of, "name", T0)
    answer = wrote(of, 1, T0 + 1, "Ik heet Annemarie")
    assert answer.read == {"name": "said"}
    of.apply(answer)
    assert told(of) == [("question:name", "")]
    assert "nnemarie" not in repr(of.states)


def test_a_language_and_interests_are_filled_in_and_the_newest_counts():
    of = owner()
    asks(of, "language", T0)
    of.apply(wrote(of, 1, T0 + 1, "Français svp"))
    asks(of, "interest", T0 + 2)
    of.apply(wrote(of, 2, T0 + 3, "rogge"))
    asks(of, "interest", T0 + 4)
    of.apply(wrote(of, 3, T0 + 5, "", button="taart"))
    assert (of.state().language, of.state().tags) == ("fr", ["cake"])
    assert told(of)[-1] == ("question:interest", "cake")


def test_nobody_is_asked_again_within_a_year_nor_for_what_is_known():
    of = owner()
    of.apply(visited(1, T0))
    of.apply(outcome(of.changes[-1].submissions[-1].activation, T0 + 1, "accepted"))
    of.apply(visited(2, T0 + 200 * DAY))
    assert reasons(of) == ["asked_before"]
    of.apply(visited(3, T0 + 366 * DAY))
    assert len([1 for change in of.changes for _ in change.submissions]) == 2
    known = owner()
    known.apply(
        Enrolled(merchant=MERCHANT, customer=ANNA, at=T0, birthday=VEIL.hide_birthday("10-21")), visited(1, T0 + 1)
    )
    assert reasons(known) == ["already_known"]


def test_after_a_stop_nothing_is_filled_in_and_whoever_is_forgotten_has_told_nothing():
    of = owner()
    asks(of, "birthday", T0)
    of.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + 1), wrote(of, 1, T0 + 2, "3 mei"))
    assert of.state().birthday == ""
    other = owner()
    asks(other, "interest", T0)
    other.apply(wrote(other, 1, T0 + 1, "rogge"), Erased(merchant=MERCHANT, customer=ANNA, at=T0 + 2))
    assert (other.state().tags, other.state().conversation, other.state().birthday) == ([], None, "")


def test_who_becomes_another_customer_brings_what_they_told_and_is_not_asked_again():
    of = owner()
    brought = Enrolled(
        merchant=MERCHANT, customer=ANNA, at=T0, since=T0 - DAY, tags=("rye",), asked={"birthday": T0 - 30 * DAY}
    )
    of.apply(brought, visited(1, T0 + DAY))
    assert of.state().tags == ["rye"]
    assert reasons(of) == ["asked_before"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Anna", "Anna"), ("anna", "Anna"), ("Ik heet Anna.", "Anna"), ("je m'appelle Zoé", "Zoé"), ("Ich heiße Jörg!", "Jörg"),
        ("my name is Mary Ann", "Mary Ann"), ("I'm Piet", "Piet"), ("Anne-Marie", "Anne-Marie"), ("D'Arcy", "D'Arcy"),
        ("nee", ""), ("waarom?", ""), ("Anna?", ""), ("ik heet", ""), ("Anna 3", ""), ("http://x.nl", ""), ("bedankt", ""),
        ("ik ben niet thuis vandaag hoor", ""), ("A" * 50, ""), ("", ""), ("🎂", ""), ("שרה", "שרה"), ("{{7*7}}", ""),
    ],
)  # fmt: skip
def test_a_first_name_as_people_tell_it(text: str, name: str):
    assert read_first_name(text) == name


def test_a_year_in_which_nobody_is_born_who_writes_is_left_out():
    today = date(2026, 11, 30)
    years = {1988: "1988-05-03", 2026: "--05-03", 1850: "--05-03", 0: "--05-03", 2030: "--05-03"}
    assert {year: birthday_of(SaidDay(5, 3, year), today) for year in years} == years


def test_a_rules_test_says_what_the_customer_tells_and_what_comes_of_it():
    jarig = JARIG + (
        "tests:\n"
        "  - name: told\n"
        "    given: a purchase on 2026-01-10 12:30, then the customer is asked birthday, "
        "then the customer replies '3 mei', then 200 days pass\n"
        "    expect: [{tag: jarig, on: 2026-05-02}]\n"
        "  - name: by the country\n"
        "    given: a purchase on 2026-01-10 12:30, then the customer is asked birthday, "
        "then the customer replies '04/05', then 200 days pass\n"
        "    expect: [{tag: jarig, on: 2026-05-03}]\n"
        "  - name: not told\n"
        "    given: a purchase on 2026-01-10 12:30, then the customer is asked birthday, "
        "then the customer replies 'wat?', then 200 days pass\n"
        "    expect: [{nothing: true}]\n"
    )
    asks_again = ASKS + (
        "tests:\n"
        "  - name: known\n"
        "    given: the customer's birthday is 03-05, then an event workshop\n"
        "    expect: [{withheld: hello, because: already_known}]\n"
    )
    loaded = load_bundle(small_shop.files_of(asks_again, PROGRAM) | TEXTS | {"rules/jarig.yaml": jarig})
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    results = [each for each in run_tests(loaded) if each.case.name]
    assert [
        (each.case.name, each.missing, each.unexpected) for each in results if each.missing or each.unexpected
    ] == []
    assert len(results) == 4


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("{template: hello, answer: text, fills: birthday}", "is not answered by `answer: text`"),
        ("{template: hello, answer: score, fills: tags}", "is not answered by `answer: score`"),
        ("{template: hello, answer: {pl: [polski], nl: []}, fills: language}", '"pl" is not a language'),
        ("{template: hello, answer: date, fills: birtday}", 'unknown field "birtday"'),
    ],
)
def test_what_cannot_be_filled_in_so_is_refused(question: str, says: str):
    program = PROGRAM[: PROGRAM.index("questions:")] + f"questions: {{it: {question}}}\n"
    found = [each.render() for each in load_bundle(small_shop.files_of(ASKS, program) | TEXTS).problems]
    assert any(says in each for each in found), found
