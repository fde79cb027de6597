"""What do time and memory of `stamgast export` of a merchant grow to, from ten thousand customers to ten times that?

Each has a profile, a data key and a state, joined once, bought twice and was written to once. States, profiles and keys
are written into Redis as commits and enrolments leave them: to enrol so many takes longer than what is measured. Intake
knows nothing of their transactions, so those are asked for in vain. `STAMGAST_EXPORT` says how many customers a last
round has (1000000).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import redis

from benchmarks.crowd import names
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import settings_of
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill, measure
from stamgast.clock.shop_time import parse_time
from stamgast.domain.activation import Note
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import Enrolled, Purchase, PurchaseChanged, encode_event, key_of
from stamgast.domain.events import Line as Goods
from stamgast.domain.told import Line, encode_line
from stamgast.domain.units import DAY
from stamgast.domain.vocabulary import Stage
from stamgast.identity.records import Profile, SealedProfile, WrappedKey, encode
from stamgast.identity.sealing import DataKey, WrappingKeys
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.settings import Settings
from stamgast.state.identity_log import NAME as VIEW
from stamgast.state.keys import customers, shard_of, view_shards
from stamgast.state.outbox import encode_note
from stamgast.state.partition_meta import WATERMARK

MERCHANT: Final = "groot"
BEGIN: Final = parse_time("2026-10-01T08:00:00Z")
_PURCHASES: Final = 2
_MOST_MB: Final = 400.0
_MOST_GROWTH: Final = 1.5
"""Of the peak, where there are ten times as many customers."""
_PIECE: Final = 5_000
_PROGRAM: Final = """\
merchant: groot
name: De Grote
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
"""


def run(scene: Scene) -> None:
    """Write down a shop, and one of ten times its size."""
    sizes = [scene.sized(10_000, 100), scene.sized(100_000, 400), int(os.environ.get("STAMGAST_EXPORT", "0"))]
    found = {size: _exported(scene, size) for size in sizes if size}
    rows = [
        (size, each["seconds"], each["cpu"], size / each["cpu"], each["peak_mb"], each["written"] / 1e6)
        for size, each in found.items()
    ]
    heads = ("customers", "seconds", "processor s", "a processor s", "peak MB", "MB written")
    table("A merchant is written down", heads, rows)
    small, large = (found[size] for size in sizes[:2])
    tell([
        Figure("export_customers", sizes[1] / large["cpu"], "customers a CPU second"),
        Figure("export_memory", large["peak_mb"], "MB", peer="target, at most", peer_value=_MOST_MB),
        Figure("export_growth", large["peak_mb"] / small["peak_mb"], "of the peak at a tenth", peer="at most",
               peer_value=_MOST_GROWTH),
    ])  # fmt: skip


def _exported(scene: Scene, count: int) -> dict[str, Any]:
    with redis.Redis.from_url(scene.redis.url) as client, all_topics(scene) as topics, TemporaryDirectory() as place:
        client.flushall()
        given = settings_of(scene, topics.prefix, Path(place))
        publish(scene, topics)
        _fill_topics(scene, topics, count)
        _fill_redis(client, Settings(_env_file=None, **given), count)
        asked = {"folder": f"{place}/out", "merchant": MERCHANT, "settings": given}
        found: dict[str, Any] = measure("benchmarks.export_job", asked, timeout=3_600)
        client.flushall()
        found["written"] = sum(each.stat().st_size for each in Path(place, "out").iterdir())
    told = found["rows"]
    if (told["customers.jsonl"], told["profile.csv"], told["purchases.csv"]) != (count, count, _PURCHASES * count):
        raise RuntimeError(f"of {count} customers it wrote {told}")
    return found


def publish(scene: Scene, topics: Topics) -> None:
    """Bring the merchant's programme into force."""
    files = {"program.yaml": _PROGRAM}
    record = BundleRecord(merchant=MERCHANT, hash=bundle_hash(files, {}), files=files)
    fill(scene, topics.programs, [(MERCHANT.encode(), encode_bundle(record))], 1)


def _fill_topics(scene: Scene, topics: Topics, count: int) -> None:
    fill(scene, topics.customer_events, _events(count))
    fill(scene, topics.activations, _notes(count))
    fill(scene, topics.facts, _lines(count))
    fill(scene, topics.purchases, _receipts(count))


def _fill_redis(client: Any, settings: Settings, count: int) -> None:
    """States, profiles and keys, of partitions whose events are all applied."""
    wrapping, shards = WrappingKeys.parse(settings.wrapping_keys.get_secret_value()), view_shards(VIEW)
    state = encode_customer(
        Customer(
            purchases=2, visits=2, spend=2_400, profit=1_300, first_day=20_000, last_day=20_300, recorded_at=BEGIN,
            stage=Stage.LAPSED, risk_day=20_300, lapse_day=20_300, lapsed_day=20_300,
        )
    )  # fmt: skip
    events, pipe = [0] * PARTITIONS, client.pipeline(transaction=False)
    for number, name in enumerate(names(count)):
        partition, owner, key = partition_for(key_of(MERCHANT, name), PARTITIONS), f"{MERCHANT}:{name}", DataKey.new()
        events[partition] += 1 + _PURCHASES
        pipe.set(customers(partition).customer(MERCHANT, name), state)
        profile = Profile(phone=f"+316{number:08d}", first_name="Noor", name="Noor Jansen", language="nl")
        sealed = encode(SealedProfile(key.id, key.seal(encode(profile), owner), BEGIN))
        wrapped = encode(WrappedKey(key.id, *wrapping.wrap(key, owner), BEGIN))
        for entry, value in ((f"p:{owner}", sealed), (f"k:{owner}", wrapped)):
            pipe.set(shard_of(shards, entry).entry(entry), b"1 " + value)  # as `view_put.lua` writes it
        if number % _PIECE == _PIECE - 1:
            pipe.execute()
    for partition, applied in enumerate(events):
        pipe.hset(customers(partition).meta, WATERMARK.name, applied - 1)
    pipe.execute()


def _events(count: int) -> Iterator[tuple[bytes, bytes]]:
    for name in names(count):
        key = key_of(MERCHANT, name)
        about: dict[str, Any] = {"merchant": MERCHANT, "customer": name}
        yield key, encode_event(Enrolled(**about, at=BEGIN, language="nl"))
        for number in range(_PURCHASES):
            at = BEGIN + number * DAY
            lines = tuple(
                Goods(id=str(each), category="bread", sku=f"LOAF-{each}", quantity=1_000, gross=600)
                for each in range(2)
            )
            bought = Purchase(occurred_at=at, store="hoek", currency="EUR", spend=1_200, lines=lines)
            yield key, encode_event(PurchaseChanged(**about, at=at, transaction=f"{name}:{number}", after=bought))


def _notes(count: int) -> Iterator[tuple[bytes, bytes]]:
    for name in names(count):
        about: dict[str, Any] = {"merchant": MERCHANT, "customer": name, "at": BEGIN, "rule": "hello", "channel": "sms"}
        for kind, status in (("decided", "submitted"), ("outcome", "delivered")):
            note = Note(kind=kind, activation=name, occasion=name, status=status, parts=1, **about)
            yield key_of(MERCHANT, name), encode_note(note)


def _lines(count: int) -> Iterator[tuple[bytes, bytes]]:
    for name in names(count):
        for number in range(_PURCHASES):
            line = Line(
                kind="stamps", became="stamped", card="bread", ordinal=1, before=number, after=number + 1,
                merchant=MERCHANT, customer=name, at=BEGIN + number * DAY, receipt=f"{name}:{number}",
            )  # fmt: skip
            yield key_of(MERCHANT, name), encode_line(line)


def _receipts(count: int) -> Iterator[tuple[bytes, bytes]]:
    for name in names(count):
        for number in range(_PURCHASES):
            receipt = f"{name}:{number}"
            told = b'{"id":"%b","type":"stamgast.purchase.v1","data":{"padding":"%b"}}' % (receipt.encode(), b"x" * 600)
            yield f"{MERCHANT}:{receipt}".encode(), told
