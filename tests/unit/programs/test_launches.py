"""What was launched beside what the files say."""

from __future__ import annotations

from rules.loader import load_bundle
from rules.rule_set import RuleSet
from stamgast.programs.launches import Launch, carried_over, in_force, with_launch
from stamgast.programs.record import (
    BundleRecord,
    Chain,
    bundle_hash,
    changed,
    decode_bundle,
    encode_bundle,
    load_record,
)
from tests.unit.rules.small_shop import HELLO, PROGRAM

RULE = "rule: hello\ndescription: Hello.\nstatus: {status}\nwhen: purchase\nthen: [{{tag: {{add: seen}}}}]\n"


def files(status: str) -> dict[str, str]:
    return {
        "program.yaml": PROGRAM,
        "templates/nl/hello.j2": HELLO,
        "rules/hello.yaml": RULE.format(status=status),
    }


def rules(status: str) -> RuleSet:
    loaded = load_bundle(files(status))
    assert loaded.ok, loaded.problems
    return loaded.rules


def test_a_launched_rule_has_the_status_of_its_launch_wherever_its_bundle_is_compiled() -> None:
    record = changed(BundleRecord(merchant="winkel", hash="", files=files("draft")))
    launched = changed(record, launched={"hello": Launch("canary 5%", "draft", 7)})
    assert launched.hash != record.hash
    rule = load_record(decode_bundle(encode_bundle(launched))).rules.by_id["hello"]
    assert (rule.status, rule.canary, rule.status_text) == ("canary", 5, "canary 5%")
    assert load_record(record).rules.by_id["hello"].status == "draft"


def test_a_bundle_without_launches_has_the_hash_that_it_always_had() -> None:
    assert changed(BundleRecord(merchant="m", hash="", files={"a": "b"}, who="Els", why="x")).hash == bundle_hash(
        {"a": "b"}, {}
    )
    assert bundle_hash({"a": "b"}, {}, {}, {}) == bundle_hash({"a": "b"}, {})


def test_a_launch_outlives_files_that_say_what_they_said_and_no_others() -> None:
    launched = {"hello": Launch("live", "draft", 7), "gone": Launch("live", "draft", 7)}
    assert carried_over(launched, rules("draft")).keys() == {"hello"}
    assert carried_over(launched, rules("paused")) == {}
    assert carried_over(launched, rules("live")) == {}, "the file has caught up, and may be edited from there"


def test_a_rule_begins_to_speak_once_however_often_its_share_is_raised() -> None:
    draft = rules("draft").by_id["hello"]
    first = with_launch({}, draft, "canary 5%", 100)
    assert first == {"hello": Launch("canary 5%", "draft", 100)}
    more = with_launch(first, draft, "live", 200)
    assert more == {"hello": Launch("live", "draft", 100)}
    paused = with_launch(more, draft, "paused", 300)
    assert paused == {"hello": Launch("paused", "draft")}
    assert with_launch(paused, draft, "live", 400) == {"hello": Launch("live", "draft", 400)}
    assert with_launch(paused, draft, "draft", 400) == {}, "that is what the file says"
    assert with_launch({}, rules("live").by_id["hello"], "canary 5%", 100)["hello"].at == 0, "it spoke before"


def test_launches_of_rules_that_are_not_there_change_nothing() -> None:
    assert in_force(rules("live"), {"other": Launch("paused", "live")}).by_id["hello"].status == "live"


def test_of_two_who_changed_the_same_bundle_only_the_first_counts_however_often_the_log_is_read() -> None:
    def made_from(based: int | None, merchant: str = "m") -> BundleRecord:
        return changed(BundleRecord(merchant=merchant, hash="", files={}), based=based)

    log = [made_from(-1), made_from(0), made_from(0), made_from(-1, "other"), made_from(1), made_from(None)]
    chain = Chain()
    for _ in range(2):
        assert [chain.counts(number, each) for number, each in enumerate(log)] == [True, True, False, True, True, True]
