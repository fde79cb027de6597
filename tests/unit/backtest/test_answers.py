"""A backtest of the shop's log asks its questions and takes the answers that people gave."""

from __future__ import annotations

from typing import Any

from stamgast.backtest.life import live
from stamgast.backtest.plan import compiled
from stamgast.backtest.preview import Previews
from stamgast.domain.events import AnyEvent, ConsentChanged, Enrolled, Purchase, PurchaseChanged, Replied
from stamgast.domain.units import DAY, HOUR, Millis
from tests.unit.backtest.conftest import FILES, PROGRAM, record_of

T0: Millis = 1_790_000_000_000 // DAY * DAY + 9 * HOUR
WHO: dict[str, Any] = {"merchant": "bakker", "customer": "c1"}
RULES = {
    "rules/ask.yaml": "rule: ask\nstatus: live\nwhen: purchase\nthen: [{ask: visit, by: [sms], after: 2 hours}]\n",
    "rules/thanks.yaml": (
        "rule: thanks\nstatus: live\nwhen: {answered: {question: visit, score: {at_least: 9}}}\n"
        "then: [{send: thanks, by: [sms]}]\n"
    ),
}
ASKING = PROGRAM.replace("templates: {", "templates: {how: {purpose: utility}, thanks: {purpose: utility}, ") + (
    "questions: {visit: {template: how, answer: score}}\n"
)
TEXTS = {"templates/nl/how.j2": "Hoe was het?", "templates/nl/thanks.j2": "Dank u!"}


def sent(*replies: tuple[Millis, str], rules: dict[str, str] = RULES) -> list[str]:
    """Templates of what would have gone to somebody who bought once and wrote this."""
    files = {name: text for name, text in FILES.items() if not name.startswith("rules/")}
    bundle = compiled(record_of({**files, "program.yaml": ASKING, **TEXTS, **rules}))
    bought = Purchase(occurred_at=T0, store="dok", currency="EUR", spend=350)
    past: list[AnyEvent] = [
        Enrolled(**WHO, at=T0 - DAY),
        ConsentChanged(**WHO, at=T0 - DAY, purpose="utility", channel="sms", granted=True),
        PurchaseChanged(**WHO, at=T0, transaction="t1", before=None, after=bought),
    ]
    past += [
        Replied(**WHO, at=at, id=f"r{at}", channel="sms", read={"visit": score} if score else {})
        for at, score in replies
    ]
    life, passed_over = live(
        bundle, past, (T0 - 2 * DAY, T0 + 30 * DAY), voucher_key=b"x", previews=Previews(bundle.program)
    )
    assert passed_over == 0
    return [submission.template for _, submission, _ in life.sent]


def test_an_answer_in_the_log_is_taken_for_the_question_that_the_rules_ask():
    assert sent((T0 + 3 * HOUR, ""), (T0 + 4 * HOUR, "9"), (T0 + 5 * HOUR, "10")) == ["how", "thanks"]


def test_what_was_written_before_the_question_or_after_it_closed_is_no_answer():
    assert sent((T0 + HOUR, "9")) == ["how"]
    assert sent((T0 + 5 * DAY, "9")) == ["how"]


def test_where_nobody_asks_nobody_answers():
    assert sent((T0 + 4 * HOUR, "9"), rules={"rules/thanks.yaml": RULES["rules/thanks.yaml"]}) == []
