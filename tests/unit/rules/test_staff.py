"""`staff:` of program.yaml and the action that tells them something."""

import pytest

from rules.actions import Notify
from rules.loader import LoadedMerchant, load_bundle
from stamgast.domain.alerts import Alert, AlertKind
from stamgast.domain.program import Staff, Window
from stamgast.programs.rule_tests import run_tests
from stamgast.programs.staff_phones import with_sealed_phones
from tests.unit.rules.small_shop import CALL_BACK, PROGRAM, WITH_STAFF, files_of

TELLS = "rule: example\nstatus: live\nwhen: lapsing\nthen: [{notify: call_back%s}]\n"


def shop(rule: str = TELLS % "", program: str = WITH_STAFF, **more: str) -> LoadedMerchant:
    return load_bundle(files_of(rule, program, **(CALL_BACK | more)))


def errors(loaded: LoadedMerchant) -> list[str]:
    return [problem.message for problem in loaded.problems if problem.severity == "error"]


def test_staff_have_a_phone_a_language_hours_and_how_much_they_are_told_in_one():
    loaded = shop()
    assert errors(loaded) == []
    assert loaded.program.staff == {
        "anna": Staff("anna", "+31612345670", "nl", Window(480, 1080)),
        "bram": Staff("bram", "+31612345671", "nl", Window(480, 1260), 2),
    }


@pytest.mark.parametrize(("to", "names"), [("", ("anna", "bram")), (", to: bram", ("bram",))])
def test_all_of_them_are_told_or_those_whom_the_rule_names(to: str, names: tuple[str, ...]):
    assert shop(TELLS % to).rules.all[0].actions == (Notify("call_back", names),)


PROBLEMS = {
    "somebody who is none": (TELLS % ", to: ana", {}, 'unknown member of staff "ana"'),
    "a template that is none": ((TELLS % "").replace("call_back", "call_bak"), {}, 'unknown template "call_bak"'),
    "a template for marketing": ((TELLS % "").replace("call_back", "hello"), {}, "what staff are told is no marketing"),
    "a voucher's code": (
        TELLS % "", {"templates/nl/call_back.j2": "{{ voucher.code }}"},
        "staff are not told `voucher.code`, and the template call_back says it",
    ),
    "a customer's whole name": (
        TELLS % "", {"templates/nl/call_back.j2": "{{ customer.name }}"},
        "staff are not told `customer.name`, and the template call_back says it",
    ),
    "a customer who is sent what is for staff": (
        "rule: example\nstatus: live\nwhen: purchase\nthen: [{send: call_back, by: [sms]}]\n", {},
        "the template call_back is for staff",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_mistakes_are_told(case: str):
    rule, more, message = PROBLEMS[case]
    assert any(message in each for each in errors(shop(rule, **more)))


@pytest.mark.parametrize(
    ("was", "other", "message"),
    [
        ('"+31612345670"', '"0612345670"', "`staff: anna`: this is no phone number that an SMS can go to"),
        ('"+31612345670"', '"+31 6 12345670"', "`staff: anna`: this is no phone number that an SMS can go to"),
        ("per_hour: 2", "per_hour: 0", "`per_hour` must be from 1 to 60, not 0"),
        ("per_hour: 2", "language: fr", '"fr" is not a language of this programme'),
        ('hours: "08:00-18:00"', "hours: always", '`hours`: "always" is not a range of hours'),
    ],
)
def test_mistakes_in_program_yaml_are_told(was: str, other: str, message: str):
    assert message in errors(shop(program=WITH_STAFF.replace(was, other)))


def test_a_programme_without_staff_says_how_to_name_some():
    program = PROGRAM.replace("  hello: {}\n", "  hello: {}\n  call_back: {purpose: utility}\n")
    (problem,) = [each for each in shop(program=program).problems if each.severity == "error"]
    assert (problem.message, problem.hint) == (
        "program.yaml names no staff", 'Add `staff: {anna: {phone: "+31612345678"}}`.',
    )  # fmt: skip


def test_a_rules_own_test_says_what_staff_are_told():
    rule = (TELLS % ", to: anna") + (
        "tests:\n  - name: they stay away\n    given: 3 purchases, one per day from 2026-01-05 10:00, then 200 days pass\n"
        "    expect: [{notify: call_back}]\n"
    )
    loaded = shop(rule)
    assert errors(loaded) == []
    assert [(each.missing, each.unexpected) for each in run_tests(loaded)] == [((), ())]


def seal(merchant: str, phone: str) -> str:
    return "sealed." + f"{merchant}{phone[-2:]}".ljust(24, "x")


def test_no_phone_of_staff_is_in_what_is_published_not_even_in_a_comment():
    program = WITH_STAFF + "# ask anna, +31612345670\n"
    sealed = with_sealed_phones(shop(program=program), {}, seal)
    assert sealed.ok
    assert not any("+316" in text for text in sealed.files.values())
    assert sealed.program.staff["anna"].phone == seal("shop", "+31612345670")
    assert with_sealed_phones(sealed, {}, None) is sealed, "what is sealed already stays as it is"


@pytest.mark.parametrize("how", ["without a key", "escaped"])
def test_what_cannot_be_sealed_is_not_published(how: str):
    program = WITH_STAFF.replace('"+31612345670"', '"\\x2b31612345670"') if how == "escaped" else WITH_STAFF
    loaded = shop(program=program)
    assert loaded.ok
    refused = with_sealed_phones(loaded, {}, None if how == "without a key" else seal)
    assert not refused.ok


SAYS_WHY = {"templates/nl/paused.j2": "{{ staff.name }}: {{ alert.about }}, {{ alert.why }} ({{ merchant.name }})"}
ALERTED = WITH_STAFF.replace("templates:\n", "templates:\n  paused: {purpose: utility}\n")
BOTH = ("anna", "bram")
ALL = {kind: Alert(BOTH) for kind in AlertKind if kind is not AlertKind.MONTH_REPORT}


@pytest.mark.parametrize(
    ("text", "alerts"),
    [
        ("", ALL),
        ("alerts: false\n", {}),
        (
            "alerts: {segment_fell: false}\n",
            {kind: alert for kind, alert in ALL.items() if kind is not AlertKind.SEGMENT_FELL},
        ),
        ("alerts: {rule_paused: {to: bram}}\n", ALL | {AlertKind.RULE_PAUSED: Alert(("bram",))}),
        ("alerts: {month_report: {to: bram}}\n", ALL | {AlertKind.MONTH_REPORT: Alert(("bram",))}),
        ("alerts: {month_report: false}\n", ALL),
        ("alerts: {rule_paused: {template: paused}}\n", ALL | {AlertKind.RULE_PAUSED: Alert(BOTH, "paused")}),
        (
            "alerts: {segment_fell: {only: [regular]}}\n",
            ALL | {AlertKind.SEGMENT_FELL: Alert(BOTH, "", frozenset({"regular"}))},
        ),
    ],
)
def test_all_staff_hear_of_the_shop_itself_unless_alerts_says_otherwise(text: str, alerts: dict[AlertKind, Alert]):
    loaded = shop(program=ALERTED + text, **SAYS_WHY)
    assert errors(loaded) == []
    assert loaded.program.alerts == alerts


def test_a_shop_without_staff_or_without_an_sms_sender_tells_nobody():
    assert load_bundle(files_of()).program.alerts == {}
    mute = WITH_STAFF.replace('sms_sender: "+31201234568", ', "")
    assert load_bundle(files_of(program=mute)).program.alerts == {}


ALERT_PROBLEMS = {
    "a kind that is none": ("{rule_stopped: false}", 'unknown word "rule_stopped" in `alerts`'),
    "somebody who is none": ("{rule_paused: {to: ana}}", 'unknown member of staff "ana"'),
    "a template that is none": ("{rule_paused: {template: pause}}", 'unknown template "pause"'),
    "a template for marketing": ("{rule_paused: {template: hello}}", "what staff are told is no marketing"),
    "a template about a customer": (
        "{rule_paused: {template: call_back}}",
        "an alert has no words of `staff.customer`, and the template call_back says it",
    ),
    "a word of another kind": ("{rule_paused: {only: x}}", 'unknown word "only" in `alerts: rule_paused`'),
    "what is so anyway": ("{rule_paused: true}", "`rule_paused: true` says what is so where nothing is said"),
    "a report for nobody": ("{month_report: true}", "`month_report: true` names nobody"),
    "a report for who is not named": ("{month_report: {template: paused}}", "`month_report` says not who hears of it"),
    "all of what is so anyway": ("true", "`alerts: true` says what is so where nothing is said"),
    "a name alone": ("{rule_paused: anna}", "`alerts: rule_paused` takes words with values, not"),
}


@pytest.mark.parametrize("case", ALERT_PROBLEMS)
def test_mistakes_in_alerts_are_told(case: str):
    text, message = ALERT_PROBLEMS[case]
    assert any(message in each for each in errors(shop(program=f"{ALERTED}alerts: {text}\n", **SAYS_WHY)))


@pytest.mark.parametrize(
    ("text", "meant"), [("meldingen: false\n", "alerts"), ("alerts: {budget_op: false}\n", "budget_spent")]
)
def test_words_of_alerts_in_the_shops_languages_are_understood(text: str, meant: str):
    loaded = shop(program=ALERTED + text, **SAYS_WHY)
    (problem,) = [each for each in loaded.problems if each.severity == "error"]
    assert f'"{meant}"' in problem.hint


def test_alerts_without_staff_say_how_to_name_some():
    loaded = load_bundle(files_of(program=PROGRAM + "alerts: {rule_paused: {template: hello}}\n"))
    assert "program.yaml names no staff" in errors(loaded)


def test_a_customer_is_not_sent_what_is_of_the_shop():
    rule = "rule: example\nstatus: live\nwhen: purchase\nthen: [{send: paused, by: [sms]}]\n"
    assert "the template paused is for staff" in errors(shop(rule, ALERTED, **SAYS_WHY))
