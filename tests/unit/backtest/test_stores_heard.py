"""A backtest of the shop's own log judges feeds as the log says that they were then."""

from rules.loader import load_published
from stamgast.backtest.life import Played, live
from stamgast.backtest.log_past import LogPast, _hear
from stamgast.backtest.preview import Previews
from stamgast.domain.events import encode_event
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.feed_health import Health
from stamgast.domain.units import DAY, HOUR
from stamgast.service import Bundle
from tests.builders import KEY, MERCHANT, T0, bought, sure
from tests.fakes.records import LogRecord

PROGRAM = (
    f"merchant: {MERCHANT}\nname: De Winkel\ncurrency: EUR\ntime_zone: Europe/Amsterdam\nlanguages: [nl]\n"
    "stores: {hoek: {}, plein: {}}\nfeed: {by_store: true}\n"
)
STALE = "rule: stale\nstatus: live\nwhen: purchase\nif: [{feed: stale}]\nonce_per: purchase\nthen: [{tag: stale}]\n"


def tags(*stores: str, turns: list[FeedsTurned], rule: str = STALE) -> list[str]:
    loaded = load_published({"program.yaml": PROGRAM, "rules/stale.yaml": rule}, MERCHANT, {})
    bundle = Bundle(1, "h", loaded.program, loaded.rules)
    events = [bought(f"t{n}", T0 + n * HOUR, store=store) for n, store in enumerate(stores)]
    past = LogPast()
    for event in turns:
        _hear(LogRecord(0, encode_event(event)), past, 3)
    played = Played(turns=past.turns)
    previews, span = Previews(bundle.program), (T0 - DAY, T0 + DAY)
    life, _ = live(bundle, events, span, voucher_key=KEY, previews=previews, partition=3, played=played)
    return sure(life.state(("", ""))).tags


def turned(at: int, **unwell: Health) -> FeedsTurned:
    return FeedsTurned(merchant=MERCHANT, customer="", at=at, unwell=unwell)


def test_a_rule_is_heard_with_what_was_said_of_the_store_before_each_purchase():
    plein = [turned(T0 - 1, plein=Health.STALE)]
    assert tags("plein", turns=plein) == ["stale"]
    assert tags("hoek", turns=plein) == []
    assert tags("plein", turns=[*plein, turned(T0)]) == [], "it was well again when the purchase came"
    assert tags("hoek", "plein", turns=[turned(T0 + HOUR - 1, plein=Health.STALE)]) == ["stale"]
    assert tags("plein", "hoek", turns=[turned(T0 + 1, plein=Health.STALE)]) == []
