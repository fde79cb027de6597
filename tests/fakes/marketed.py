"""A shop as the marketer's pages read it, with figures of every kind, and an app that shows it to who signs in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.applications import Starlette

from rules.loader import load_merchant
from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import holding, stamps_of
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.day_sums import Per, month_of, of_day, of_month
from stamgast.domain.feed_health import Health
from stamgast.domain.measuring import HELD_OUT, TREATED, Sum
from stamgast.domain.value_bins import COUNTERS
from stamgast.domain.vocabulary import Reason, Stage, VoucherState
from stamgast.log.letter_table import Letter
from stamgast.log.segments import SegmentWorth
from stamgast.marketer.backtests import Run, Stands
from stamgast.marketer.overview import STAGES, Seen
from stamgast.marketer.reading import InForce
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.programs.told_rules import rules_told
from stamgast.report.links import ReportLinks
from stamgast.users.rights import Role
from stamgast.web.pages.routes import page_routes
from tests.builders import card, program
from tests.fakes.backtested import FOUND, Remembered
from tests.fakes.house import KEYS, MERCHANT, NOON, ORIGIN, House

TODAY = business_day(NOON, "Europe/Amsterdam")


def totals() -> dict[str, int]:
    found: dict[str, int] = {Counter.CUSTOMERS: 1_240, Counter.JOINED: 980, Counter.OPTED_OUT: 12}
    found |= {counter(Counter.STAGE, each): 100 + 50 * n for n, each in enumerate(STAGES) if each is not Stage.LAPSED}
    found |= {name: 10 + 17 * n for n, name in enumerate(COUNTERS)}
    for back in range(40):
        for store, share in (("shop", 3), ("bar", 2)):
            sold = (20 + (back * 7) % 11) * share
            for what, by in ((Per.PURCHASES, sold), (Per.SPEND, sold * 640), (Per.PROFIT, sold * 350)):
                found[of_day(TODAY - back, what, store)] = by
                name = of_month(month_of(TODAY - back), what, store)
                found[name] = found.get(name, 0) + by
        found[of_day(TODAY - back, Per.VISITS)] = 60 + back
        found[of_day(TODAY - back, Per.SENT)] = 9
        found[of_day(TODAY - back, Per.COST)] = 9 * 7_500
    found[of_month(month_of(TODAY), Per.CUSTOMERS)] = 420
    found[of_month(month_of(TODAY), Per.SENT)] = 190
    found[of_month(month_of(TODAY), Per.COST)] = 190 * 7_500
    found[of_month(month_of(TODAY), Per.REDEEMED)] = 33
    found |= {holding("bread", stamps): 90 - 11 * stamps for stamps in range(1, 7)}
    found |= {stamps_of("bread"): 900, counter(Counter.CARD, "bread", Tally.COMPLETED): 77}
    found |= {
        counter(Counter.REWARD, "loaf", Tally.ISSUED): 77,
        counter(Counter.REWARD, "loaf", VoucherState.REDEEMED): 51,
    }
    rule = {
        Sum.REACHED: 900,
        Sum.SENT: 640,
        Sum.DELIVERED: 601,
        Sum.READ: 440,
        Sum.PROFIT: 81_000,
        Sum.MESSAGES: 4_800_000,
    }
    found |= {counter(Counter.MEASURE, "free-loaf", what): by for what, by in rule.items()}
    for arm, people, net in ((TREATED, 800, 500_000), (HELD_OUT, 90, 100_000)):
        sums = {Sum.PEOPLE: people, Sum.NET: net * people, Sum.SQUARES: people * (net**2 + 40_000**2)}
        found |= {counter(Counter.MEASURE, "free-loaf", arm, what): by for what, by in sums.items()}
    found |= {counter(Counter.RULE, "free-loaf", Tally.WITHHELD, Reason.NO_CONSENT): 71}
    found |= {counter(Counter.RULE, "free-loaf", Tally.NOT_MET, "at least 3 visits"): 12}
    return found | {Counter.CONTACT_COST: 1_425_000, Counter.WAITING_FOR_REVIEW: 2}


def worth(segment: str, ratio: float, **more: Any) -> SegmentWorth:
    values: dict[str, Any] = {
        "merchant": "bakery", "by": "source", "segment": segment, "at": NOON, "currency": "EUR", "customers": 312,
        "clv": 0, "acquisition_cost": 500, "ratio": ratio, "below": ratio < 3, "value_of_new": round(ratio * 500),
    }  # fmt: skip
    return SegmentWorth(**(values | more))


def seen(**more: Any) -> Seen:
    fell = worth("a flyer with rather a long name that goes on", 2.1, fell_from=3.4, below_since=NOON - 10**8)
    values: dict[str, Any] = {
        "program": program(card("bread", 7, reward="loaf")), "totals": totals(), "now": NOON,
        "unwell": {"bar": Health.QUIET}, "broken": {"free-loaf"}, "segments": [worth("search", 5.2), fell],
        "valued_at": NOON,
    }  # fmt: skip
    return Seen(**(values | more))


def bakery() -> InForce:
    """The example bakery's files as they stand on `programs.v1`."""
    loaded = load_merchant(Path(__file__).parents[2] / "config" / "merchants" / "bakkerij-noord")
    record = BundleRecord(merchant=MERCHANT, hash=bundle_hash(loaded.files, {}), files=dict(loaded.files))
    packed = encode_bundle(record)
    return InForce(loaded.program, packed, rules_told(packed), {})


class Marketed(House):
    """Somebody may sign in, and every page finds the same shop."""

    async def app(self, role: Role = Role.OWNER, found: Seen | None = None, url: str = ORIGIN) -> tuple[Starlette, str]:
        """The pages as `url` has them, and the cookie of somebody who is signed in."""
        await self.open()
        self.deps.public_url = url
        self.furnish(found or seen())
        app = Starlette(routes=page_routes())
        app.state.deps = self.deps
        return app, (await self.session(await self.user(role))).text

    def furnish(self, shown: Seen) -> None:
        """Let every page find this."""
        letters = [Letter("purchases.v1-3-1207", "purchases.v1", "`end_date_time` is no moment", NOON)]
        loaded = SimpleNamespace(loaded=True, of=lambda _merchant: letters)
        self.deps.tills = None

        async def read(_merchant: str, _now: int) -> Seen:
            return shown

        async def in_force(_merchant: str) -> InForce:
            return bakery()

        self.deps.reading = SimpleNamespace(segments=loaded, letters=loaded, seen=read, in_force=in_force)
        self.deps.report_links = ReportLinks(KEYS)
        self.deps.backtests = Remembered(Run("free-loaf", TODAY - 30, TODAY - 1, NOON, Stands.DONE, found=FOUND))
