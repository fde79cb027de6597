"""Logs go to standard error and say no telephone number."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from stamgast.logs import COME_BY_THE_THOUSAND, HEALS_BY_ITSELF, Repeats, configure_logs, get_logger, mask_phones
from stamgast.sparing import Sparing


@pytest.mark.parametrize(
    "text",
    [
        "+31612345678",
        "+31 6 1234 5678",
        "0612345678",
        "06-12345678",
        "0031612345678",
        "+32 (0)470 12 34 56",
        "phone:0612345678",
        '"+31612345678"',
    ],
)
def test_phone_numbers_are_masked(text: str):
    masked = mask_phones(f"sent to {text}, done")

    assert "[phone]" in masked
    assert not any(digits in masked for digits in ("1234", "12 34"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T05:21:59.273335Z",
        "purchases.v1[3] at 1795324950172",
        "01a201b4-3d65-7c70-a48e-ad2a7091875c",
        "1240 EUR",
        "127.0.0.1:54939",
        "till1:4711",
    ],
)
def test_other_figures_stay(text: str):
    assert mask_phones(text) == text


def test_one_json_line_per_event_goes_to_standard_error(capsys: pytest.CaptureFixture[str]):
    configure_logs("info", "json")
    get_logger("test").warning("refused", phone="+31612345678", nested={"to": ["0612345678"]}, partition=3)
    logging.getLogger("foreign").error("call %s", "+31612345678")

    out, err = capsys.readouterr()

    assert out == ""
    first, second = map(json.loads, err.splitlines())
    assert (first["event"], first["phone"], first["nested"], first["partition"]) == (
        "refused",
        "[phone]",
        {"to": ["[phone]"]},
        3,
    )
    assert second["event"] == "call [phone]"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_no_number_and_no_local_variable(style: str, capsys: pytest.CaptureFixture[str]):
    def call(phone: str, name: str) -> None:
        raise ValueError(f"{phone} is no number" if name else "")

    configure_logs("info", style)
    try:
        call("+31612345678", "Jan" + "sen")
    except ValueError:
        get_logger("test").exception("failed")
        logging.getLogger("foreign").exception("failed")

    err = capsys.readouterr().err
    assert err.count("Traceback (most recent call last)") == 2
    assert err.count("[phone] is no number") == 2
    assert "31612345678" not in err
    assert "Jansen" not in err


def test_of_what_aiokafka_tries_again_a_line_a_minute_is_told_for_each_broker():
    logging.getLogger().setLevel(logging.INFO)
    repeats = Repeats()

    def told(at: float, message: str, *about: object, name: str = "aiokafka.conn") -> bool:
        record = logging.LogRecord(name, logging.ERROR, "", 1, message, about, None)
        record.created = at
        return repeats.filter(record)

    refused = "Unable connect to %r: %s"
    assert told(100.0, refused, "kafka-1:9092", "refused")
    assert not told(101.0, 'Unable to request metadata from "%s": %s', "kafka-1:9092", "closed", name="aiokafka")
    assert not told(120.0, "Connect call failed %s", ("kafka-1", 9092), name="aiokafka.cluster")
    assert told(101.0, refused, "kafka-2:9092", "refused"), "another broker is other news"
    assert told(101.0, "Unable connect to node with id %s: %s", 3, "no")
    assert not told(102.0, "Failed to send to node %s", 3)
    assert told(160.0, refused, "kafka-1:9092", "refused"), "a minute on it is news again"
    assert told(101.0, "Heartbeat failed for group %s", "g", name="aiokafka.consumer")
    assert told(101.0, "OffsetCommit failed for group %s", "g", name="aiokafka.consumer")


def test_what_is_told_for_every_try_is_told_once_in_ten_seconds():
    repeats = Repeats()

    def told(at: float, message: object, name: str) -> bool:
        record = logging.LogRecord(name, logging.ERROR, "", 1, message, (), None)
        record.created = at
        return repeats.filter(record)

    failed = {"event": "step refused", "service": "customers", "partition": 1, "why": "no broker"}
    assert told(100.0, failed, "streams.runtime.ownership")
    assert not told(101.0, {**failed, "partition": 2}, "streams.runtime.ownership"), (
        "another partition for the same reason"
    )
    assert told(101.0, {**failed, "why": "no Redis"}, "streams.runtime.ownership")
    assert told(110.1, failed, "streams.runtime.ownership"), "ten seconds on it is news again"
    for event in ("took", "assigned"):
        assert all(told(100.0, {"event": event}, "streams.runtime.ownership") for _ in range(3)), (
            "nothing else is held back"
        )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("streams.runtime.ownership", {"event": "step failed", "level": "warning", "why": "Kafka is away"}),
        ("stamgast.log.tail", {"event": "view not loaded", "level": "warning", "view": "identities"}),
        ("aiokafka", "Unable to update metadata from [1]"),
        ("mode.threads", "Thread keepalive is not responding..."),
        ("asyncio", "Task exception was never retrieved\nfuture: <Task … defined at /x/aiokafka/consumer/y.py>"),
    ],
)
def test_what_heals_by_itself_is_news_once_and_a_warning_a_minute_where_it_lasts(name: str, message: object):
    logging.getLogger().setLevel(logging.INFO)
    repeats = Repeats()

    def told(at: float) -> str:
        record = logging.LogRecord(name, logging.WARNING, "", 1, message, (), None)
        record.created = at
        if not repeats.filter(record):
            return ""
        assert not isinstance(record.msg, dict) or record.msg["level"] == record.levelname.lower()
        return record.levelname

    assert [told(at) for at in (100.0, 100.1, 110.0, 129.0)] == ["INFO", "", "", ""]
    assert [told(at) for at in range(131, 200, 10)] == ["WARNING", "", "", "", "", "", "WARNING"]
    assert told(300.0) == "INFO", "it had healed"


def test_what_strangers_send_is_told_once_a_minute_and_is_no_warning():
    logging.getLogger().setLevel(logging.INFO)
    repeats = Repeats()

    def told(at: float) -> str:
        message = "Invalid HTTP request received."
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 1, message, (), None)
        record.created = at
        return f"{record.levelname} {record.getMessage()}" if repeats.filter(record) else ""

    lines = [line for at in range(100, 230) if (line := told(at))]
    assert lines == [
        "INFO Invalid HTTP request received.",
        "INFO Invalid HTTP request received. (60 times)",
        "INFO Invalid HTTP request received. (60 times)",
    ]


def test_what_the_interpreter_prints_by_itself_is_json_as_well():
    code = """
import threading, warnings
from stamgast.logs import configure_logs, say_what_python_would_print
configure_logs("info", "json")
say_what_python_would_print()
class Broken:
    def __del__(self):
        raise ValueError("too late")
Broken()
thread = threading.Thread(target=lambda: 1 / 0, name="counting")
thread.start()
thread.join()
warnings.warn("old")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines[:2]] == ["what could not be raised", "a thread broke"]
    assert "old" in lines[2]["event"]


def test_a_hundred_thousand_rubbish_records_make_a_few_lines_that_say_how_many_they_were(
    capsys: pytest.CaptureFixture[str],
):
    configure_logs("info", "json")
    log = get_logger("streams.runtime.dead_letters")
    for offset in range(20_000):
        log.warning("laid aside", topic="purchases.v1", partition=offset % 8, offset=offset, why=f"byte {offset}")
        log.warning(
            "laid aside", topic="purchases.v1", partition=0, offset=offset, why=f"what is {'x' * (offset % 99)}?"
        )
    flood = capsys.readouterr().err.splitlines()
    assert len(flood) <= 2 * (Repeats.MOST_KINDS + 1)


def test_what_was_not_told_is_counted_with_what_is():
    sparing = Sparing(10.0, most_kinds=2)
    assert [sparing.note("laid aside", "no JSON", at) for at in (0.0, 1.0, 2.0, 10.0, 11.0)] == [1, 0, 0, 3, 0]
    assert sparing.note("laid aside", "too large", 12.0) == 1
    assert [sparing.note("laid aside", kind, 13.0) for kind in ("a", "b", "c")] == [1, 0, 0], "others are told together"
    assert [sparing.note("dead letter", kind, 13.0) for kind in ("a", "b")] == [1, 1], "each event has its own"
    assert sparing.note("laid aside", "d", 30.0) == 1, "there is room again"
    assert sparing.note("laid aside", "e", 30.0) == 4, "with b, c and the last of no JSON, which nobody told"


def test_what_comes_by_the_thousand_is_written_somewhere():
    root = Path(__file__).resolve().parents[2]
    written = "".join(file.read_text() for folder in ("stamgast", "streams") for file in (root / folder).rglob("*.py"))
    for event in COME_BY_THE_THOUSAND | HEALS_BY_ITSELF:
        assert written.count(f'"{event}"') > 1, event
