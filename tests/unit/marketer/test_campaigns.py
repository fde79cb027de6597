"""Campaigns are shown as their partitions note them: what comes next, how far each is, and for whom."""

import shutil
from pathlib import Path

import pytest

from rules.loader import LoadedMerchant, load_merchant
from stamgast.campaigns.status import Campaign, Occasions
from stamgast.domain.campaign_events import CampaignPlace
from stamgast.domain.units import DAY, Millis
from stamgast.marketer.campaigns import CampaignsPage, Made, State, campaigns_page
from stamgast.state.campaign_marks import CampaignMark
from stamgast.state.schedule_marks import ScheduleMark
from tests.builders import at

NOW = at("2026-10-07 10:00")
BAKERY = Path(__file__).parents[3] / "config" / "merchants" / "bakkerij-noord"
RULES = {
    "monday": "when: {every: {week: monday, at: '10:00', audience: invited}}",
    "sunday": "when: {every: {week: sunday, at: '10:00'}}",
    "recall": "when: {campaign: {audience: often}}",
}
AUDIENCES = "audiences:\n  often: {who: [{visits: {at_least: 2}}]}\n  invited: {file: invited.csv}\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> LoadedMerchant:
    folder = tmp_path_factory.mktemp("shop") / "bakkerij-noord"
    shutil.copytree(BAKERY, folder)
    program = folder / "program.yaml"
    program.write_text(f"{program.read_text()}\n{AUDIENCES}")
    for name, when in RULES.items():
        text = f"rule: {name}\nstatus: live\n{when}\nthen: [{{tag: {{add: seen}}}}]\n"
        (folder / "rules" / f"{name}.yaml").write_text(text)
    return load_merchant(folder)


def occasions(shop: LoadedMerchant, rule: str, following: Millis | None, **marks: ScheduleMark) -> Occasions:
    found = Occasions("bakkerij-noord", shop.rules.by_id[rule], following)
    found.marks = {int(number[1:]): mark for number, mark in marks.items()}
    return found


def page(shop: LoadedMerchant, *started: Campaign, scheduled: tuple[Occasions, ...] = ()) -> CampaignsPage:
    return campaigns_page(shop.program, shop.rules, started, scheduled)


def test_what_comes_next_comes_first_and_what_waits_for_its_list_says_so(shop: LoadedMerchant) -> None:
    monday = occasions(shop, "monday", NOW + 5 * DAY)
    sunday = occasions(shop, "sunday", NOW + 4 * DAY, p0=ScheduleMark(NOW - 3 * DAY, 0, "walked", 40, 7))
    found = page(shop, scheduled=(monday, sunday)).scheduled
    assert [(each.rule, each.state, each.list_is_wanted) for each in found] == [
        ("sunday", State.WALKED, False), ("monday", State.WAITING, True)
    ]  # fmt: skip
    assert (found[0].last, found[0].looked, found[0].matched, found[0].audience) == (NOW - 3 * DAY, 40, 7, "")
    assert found[1].audience == "invited"


def test_a_campaign_is_as_far_as_its_partitions_are(shop: LoadedMerchant) -> None:
    campaign = Campaign("bakkerij-noord", "recall", NOW, 2)
    place = CampaignPlace(50, -1, 0)
    campaign.marks = {
        0: CampaignMark(NOW, "walking", "often", 100, place),
        1: CampaignMark(NOW, "walked", "often", 100, place, -1, 50, 20),
    }
    campaign.walks = {0: (10, 4)}
    (found,) = page(shop, campaign).started
    assert (found.state, found.audience, found.size, found.looked, found.matched) == (
        State.WALKING,
        "often",
        100,
        60,
        24,
    )
    assert [(each.partition, each.looked) for each in found.parts] == [(0, 10), (1, 50)]
    del campaign.marks[1]
    assert page(shop, campaign).started[0].state is State.STARTING


def test_audiences_are_those_that_rules_are_for(shop: LoadedMerchant) -> None:
    found = page(shop)
    assert [(each.name, each.made, each.rules) for each in found.audiences] == [
        ("invited", Made.FILE, ["monday"]), ("often", Made.WHO, ["recall"])
    ]  # fmt: skip
    assert found.by_hand == ["recall"]
