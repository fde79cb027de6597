"""What is read from the answers of a Redis node, and what people are told of it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from stamgast.state.condition import Condition, RedisFigures


def condition(*, policy: str = "noeviction", used: int = 10, maximum: int = 100, evicted: int = 0, refusal: str = ""):
    memory = f"# Memory\r\nused_memory:{used + 5}\r\nmaxmemory:{maximum}\r\nmem_not_counted_for_evict:5\r\n"
    stats = f"# Stats\r\nexpired_keys:9\r\nevicted_keys:{evicted}\r\n"
    return Condition.read("r:6379", memory.encode(), stats.encode(), policy=policy, refusal=refusal).after(None)


def test_a_node_that_evicts_nothing_and_has_room_gives_no_reason_to_say_anything():
    good = condition()

    assert (good.distrust, good.refusal, good.notes) == ("", "", [])
    assert good.part_used == 0.1


def test_a_policy_that_throws_keys_away_is_refused_with_what_to_set_and_where():
    told = condition(policy="volatile-lru").distrust

    assert "r:6379" in told
    assert "volatile-lru" in told
    assert "`maxmemory-policy noeviction` in its redis.conf" in told
    assert "parameter group" in told
    assert "`CONFIG SET maxmemory-policy noeviction`" in told


def test_it_is_refused_without_a_maximum_too():
    assert condition(policy="allkeys-lru", maximum=0).distrust


def test_a_node_that_does_not_tell_its_policy_is_used_and_named():
    silent = condition(policy="")

    assert silent.distrust == ""
    assert silent.notes == ["Redis r:6379 does not tell its maxmemory-policy: see that it is noeviction"]


def test_nearly_full_begins_at_85_percent_and_is_over_below_80():
    looks = [condition(used=used) for used in (84, 85, 81, 79, 81)]
    seen, before = [], None
    for look in looks:
        before = look.after(before)
        seen.append(before.nearly_full)

    assert seen == [False, True, True, False, False]


def test_keys_that_were_thrown_away_and_writes_that_are_not_taken_are_told():
    assert "thrown 1,200 keys away" in condition(evicted=1200).notes[0]
    assert "OOM command not allowed" in condition(refusal="OOM command not allowed").refusal


def test_figures_are_those_of_the_worst_node_or_of_all():
    figures = RedisFigures(registry := CollectorRegistry())
    nodes = [condition(used=90, evicted=1), condition(policy="allkeys-lru", evicted=2, refusal="OOM"), condition()]
    figures.show(nodes)
    text = generate_latest(registry).decode()

    assert "stamgast_redis_memory_used_ratio 0.9" in text
    assert "stamgast_redis_may_evict 1.0" in text
    assert "stamgast_redis_refuses_writes 1.0" in text
    assert "stamgast_redis_evicted_keys 3.0" in text
