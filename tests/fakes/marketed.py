"""A shop as the marketer's pages read it, with figures of every kind, and an app that shows it to who signs in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from msgspec import structs
from starlette.applications import Starlette

from rules.loader import load_merchant
from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import holding, stamps_of
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.day_sums import Per, month_of, of_day, of_month
from stamgast.domain.feed_health import Health
from stamgast.domain.measuring import HELD_OUT, TREATED, Sum
from stamgast.domain.program import Program
from stamgast.domain.units import DAY
from stamgast.domain.value_bins import COUNTERS
from stamgast.domain.vocabulary import Channel, Reason, Stage, VoucherState
from stamgast.log.letter_table import Letter
from stamgast.log.segment_table import SegmentTable
from stamgast.log.segments import Point, SegmentWorth, encode_word
from stamgast.marketer.attention import Attention, attention
from stamgast.marketer.backtests import Run, Stands
from stamgast.marketer.campaigns import (
    AudienceSeen,
    CampaignSeen,
    CampaignsPage,
    Made,
    OccasionSeen,
    PartProgress,
    State,
)
from stamgast.marketer.health import Looked, Unsent
from stamgast.marketer.overview import STAGES, Seen
from stamgast.marketer.reading import InForce
from stamgast.programs.launches import NONE
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.programs.told_rules import rules_told
from stamgast.report.links import ReportLinks
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.workers import Doing, Held, Part, WorkerWord
from stamgast.state.workers import Seen as WorkerSeen
from stamgast.users.rights import Role
from stamgast.web.pages.routes import page_routes
from tests.builders import card, program
from tests.fakes.backtested import FOUND, Remembered
from tests.fakes.came_in import inbox_of
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
    found |= {of_month(month, Per.DECIDED): by for month, by in ((month_of(TODAY), 44), ("2026-07", 39))}
    return found | {Counter.CONTACT_COST: 1_425_000, Counter.WAITING_FOR_REVIEW: 2}


def of_rules() -> dict[str, int]:
    """What was counted of rules in this month; of one of them that is there no more, too."""
    free_loaf = {
        Sum.REACHED: 41, Sum.SENT: 60, Sum.DELIVERED: 58, Sum.READ: 37, Sum.REDEEMED: 12, Sum.PROFIT: 9_140,
        Sum.MESSAGES: 450_000, Sum.REWARDS: 1_320,
    }  # fmt: skip
    found = {counter(Counter.MEASURE, "free-loaf", what): by for what, by in free_loaf.items()}
    found |= {
        counter(Counter.RULE, "free-loaf", Tally.FIRED): 64,
        counter(Counter.RULE, "free-loaf", Tally.WITHHELD, Reason.NO_CONSENT): 31,
        counter(Counter.RULE, "free-loaf", Tally.NOT_MET, "at least 3 visits"): 5,
        counter(Counter.RULE, "free-loaf", Tally.SHADOW): 2,
        counter(Counter.RULE, "summer-cakes", Tally.FIRED): 8,
        counter(Counter.RULE, "summer-cakes", Tally.WITHHELD, Reason.QUIET_HOURS): 3,
    }
    return found


def worth(segment: str, ratio: float, **more: Any) -> SegmentWorth:
    values: dict[str, Any] = {
        "merchant": "bakery", "by": "source", "segment": segment, "at": NOON, "currency": "EUR", "customers": 312,
        "clv": 4_120, "acquisition_cost": 500, "ratio": ratio, "below": ratio < 3, "value_of_new": round(ratio * 500),
        "historic": 2_470, "predicted": 1_690, "margin": 0.412, "lifespan_months": 18.4, "typical_gap_days": 11.2,
        "p_buy_90_days": 0.63, "winning_may_cost": round(ratio * 500) // 3, "keeping_may_cost": 17,
        "customers_with_cost": 300, "sample": ("4a9f2c1d", "77b0e6a3"),
        "past": [Point(NOON - (26 - week) * 7 * DAY, 180 + 5 * week, 2_300 - 40 * week, 4.6) for week in range(26)],
    }  # fmt: skip
    return SegmentWorth(**(values | more))


def seen(**more: Any) -> Seen:
    fell = worth("a flyer with rather a long name that goes on", 2.1, fell_from=3.4, below_since=NOON - 10**8)
    others = [worth("(none)", 4.0), worth("(all)", 3.8, by="shop"), worth("2026-Q2", 3.1, by="cohort")]
    others += [worth("regular", 6.3, by="tag"), worth("(none)", 3.3, by="tag")]
    values: dict[str, Any] = {
        "program": program(card("bread", 7, reward="loaf")), "totals": totals(), "now": NOON,
        "unwell": {"bar": Health.QUIET}, "broken": {"free-loaf"}, "segments": [worth("search", 5.2), fell, *others],
        "valued_at": NOON, "values": [3, 40, 81, 120, 77, 31, 12, 6, 2, 1],
    }  # fmt: skip
    return Seen(**(values | more))


def bakery() -> InForce:
    """The example bakery's files as they stand on `programs.v1`."""
    loaded = load_merchant(Path(__file__).parents[2] / "config" / "merchants" / "bakkerij-noord")
    record = BundleRecord(merchant=MERCHANT, hash=bundle_hash(loaded.files, {}), files=dict(loaded.files))
    packed = encode_bundle(record)
    return InForce(loaded.program, packed, rules_told(packed), {})


def looked(**more: Any) -> Looked:
    """An engine of which nearly everything is wrong: a page that says all of it."""
    held = [Held(Part.INTAKE, 0, Doing.AT_WORK, 12), Held(Part.INTAKE, 1, Doing.IN_TROUBLE, 0)]
    held += [Held(Part.CUSTOMERS, 0, Doing.AT_WORK, 48_201, 2), Held(Part.CUSTOMERS, 1, Doing.REFUSED, 0)]
    workers = [
        WorkerSeen(WorkerWord("5f0c9a1e", "1.4.0", 7_260, "a-machine-with-a-long-name.shop.example", tuple(held)), 900),
        WorkerSeen(WorkerWord("0b77d2c4", "1.3.2", 190_000, "worker-2"), 1_400),
        WorkerSeen(WorkerWord("77aa01ff", "1.3.2", 60, "worker-3", tuple(held)), 2_400_000),
    ]
    values: dict[str, Any] = {
        "program": program(), "now": NOON, "partitions": 3, "workers": workers, "filling": [2],
        "topics": {Part.INTAKE: "purchases.v1", Part.CUSTOMERS: "customer.events.v1"},
        "waiting": {(Part.INTAKE, 1): 3, (Part.INTAKE, 2): 4},
        "unsent": [Unsent(Channel.WHATSAPP, 31, NOON - 5_400_000), Unsent(Channel.SMS, 1, NOON - 3_000)],
    }  # fmt: skip
    return Looked(**(values | more))


async def _anybody(_keys: PartitionKeys, _key: str) -> bytes:
    """Whoever is asked for is this customer."""
    return encode_customer(Customer(purchases=7, spend=8_430, profit=3_410, stage=Stage.ACTIVE, joined_at=NOON - DAY))


async def _campaigns(_found: InForce, _now: int) -> CampaignsPage:
    """One of each kind."""
    parts = [PartProgress(number, 310, 200 + number, 90) for number in range(3)]
    weekly = ("every week on monday at 10:00", NOON + DAY, NOON - 6 * DAY, State.WALKED, 930, 41)
    return CampaignsPage(
        merchant=MERCHANT,
        scheduled=[
            OccasionSeen("monday-bread", *weekly, "regulars", 310, NOON - 8 * DAY, False),
            OccasionSeen(
                "easter",
                "on 2027-03-28 at 09:00",
                NOON + 90 * DAY,
                None,
                State.WAITING,
                0,
                0,
                "invited",
                None,
                None,
                True,
            ),
        ],
        started=[
            CampaignSeen(f"recall@{NOON}", "recall", NOON, State.WALKING, "", 930, 603, 270, parts),
            CampaignSeen("recall@1", "recall", NOON - 9 * DAY, State.STOPPED, "buyers", 40, 12, 3, parts[:1]),
        ],
        by_hand=["recall"],
        audiences=[
            AudienceSeen("invited", Made.FILE, ["easter"]),
            AudienceSeen("regulars", Made.WHO, ["monday-bread"]),
        ],
    )


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
        segments = SegmentTable()
        for each in shown.segments:
            mine = structs.replace(each, merchant=MERCHANT)
            segments.note(mine.key.encode(), encode_word(mine))
        segments.loaded = True
        self.deps.tills = None

        async def read(_merchant: str, _now: int) -> Seen:
            return shown

        async def in_force(_merchant: str) -> InForce:
            return bakery()

        async def rules_of_month(_merchant: str, month: str) -> dict[str, int]:
            return of_rules() if month == month_of(TODAY) else {}

        async def stands_still(found: InForce) -> list[Attention]:
            return attention(
                found.program, {}, unwell=shown.unwell, broken=shown.broken, launches=NONE, letters=letters,
                segments=(), pools={},
            )  # fmt: skip

        self.deps.reading = SimpleNamespace(
            campaigns=_campaigns,
            segments=segments,
            letters=loaded,
            seen=read,
            in_force=in_force,
            stands_still=stands_still,
            rules_of_month=rules_of_month,
        )
        self.deps.health = SimpleNamespace(look=self._looked)
        self.deps.inbox = inbox_of(shown.program, shown.totals)
        self.deps.slot_of = lambda _key: customers(0)
        self.deps.filling = SimpleNamespace(value=_anybody)
        self.deps.report_links = ReportLinks(KEYS)
        self.deps.backtests = Remembered(Run("free-loaf", TODAY - 30, TODAY - 1, NOON, Stands.DONE, found=FOUND))

    async def _looked(self, program: Program, now: int) -> Looked:
        return replace(looked(), program=program, now=now)
