"""The worst that can be written as a template ends within a bound, whatever way it came past the checks of files."""

from __future__ import annotations

import tracemalloc

import pytest

from channels.model import Fault, Message, Prepared, Refusal, Sender, SmsText
from channels.prepare import prepare_message
from rules.program.template_language import LONGEST_RENDERED, LONGEST_SOURCE, LONGEST_WORKED_ON
from stamgast.domain.vocabulary import Channel
from tests.message_scenes import MORNING

MOST_BYTES = 16_000_000
LONG = "{% set x = '" + "\u1e9ex " * (LONGEST_WORKED_ON // 3) + "' %}"
"""As long as a text may be, and it grows when it becomes capitals."""

COSTLY = {
    "loops": "{% for a in 'x'|center(9999) %}" * 3 + "{% endfor %}" * 3,
    "padding": "{{ 'x'.ljust(999999999) }}",
    "times": "{{ 'x' * 999999999 }}",
    "filters upon filters": LONG + "{{ x" + "|title|upper|lower|trim|title|upper|lower|title|title|length }}" * 5,
    "joined": LONG + "{{ (" + "~".join(["x"] * 480) + ")|length }}",
    "joined in each other": LONG + "{{ " + "(" * 40 + "x~x" + ")~x" * 40 + " }}",
    "added": LONG + "{{ " + "+".join(["x"] * 60) + " }}",
    "a list": LONG + "{{ [" + ",".join(["x"] * 900) + "] }}",
    "a list as a text": LONG + "{{ [" + ",".join(["x"] * 900) + "]|string|length }}",
    "printed often": LONG + "{{ x }}" * 900,
    "words printed often": "{{ voucher.name }}" * 490,
    "slices of slices": LONG + "{{ (x" + "[::1]" * 300 + ")|length }}",
    "parts of parts": LONG + "{{ x" + "[0]" * 450 + " }}",
    "either or": "{{ " + "1 if 1 else " * 300 + "1 }}",
    "branches in branches": "{% if 1 %}" * 80 + "x" + "{% endif %}" * 80,
    "deep": "{{ " + "(" * 300 + "1" + ")" * 300 + " }}",
    "deeper": "{{ " + "(" * 9_000 + "1" + ")" * 9_000 + " }}",
    "more parts than may be": "{{ 1 }}" * 2_800,
    "absurdly long": "{{ voucher.code }}" * 50_000,
    "absurdly long text": "x" * 5_000_000,
    "an absurdly long comment": "Dag{# " + "x" * LONGEST_SOURCE + " #}",
    "a text of some pages": "x" * (LONGEST_RENDERED + 1),
}


def message_of(text: str) -> Message:
    words = {"voucher": {"name": "B" * 200, "code": "6-2VTAVOAOCW2MQNTT"}, "customer": {"name": "N" * 40}}
    return Message(
        merchant="m", activation="a", customer="c", template="t", channel=Channel.SMS, to="+31612345678", locale="nl",
        variables=words, source=SmsText(text), sender=Sender(from_="+31970102345"), valid_until=MORNING + 3_600_000,
    )  # fmt: skip


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_what_takes_more_than_a_message_may_is_refused_as_costly_in_little_memory(text: str) -> None:
    tracemalloc.start()
    try:
        made = prepare_message(message_of(text), MORNING)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(made, Refusal)
    assert made.fault is Fault.COSTLY, made.reason
    assert len(made.reason) < 500
    assert peak < MOST_BYTES


@pytest.mark.parametrize(
    "text",
    [
        "Hoi {{ customer.name | truncate(9) }}",
        LONG + "{{ x | length }}",
        "{{ customer.name ~ ': ' ~ voucher.code }}",
        "{{ voucher.code | replace('6', '7') | lower }} {{ 1 + 2 }}",
        "{{ voucher.code | first }}",
        "Dag" + "{# waarom dit zo is #}" * 600,
    ],
)
def test_what_people_write_is_not_costly(text: str) -> None:
    assert isinstance(prepare_message(message_of(text), MORNING), Prepared)
