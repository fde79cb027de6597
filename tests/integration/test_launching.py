"""Who launches, publishes and rolls back at a real broker: nothing of it is lost, and the history tells of all."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from stamgast.audit.record import Did
from stamgast.commands.publish import tell
from stamgast.local.brokers import Broker
from stamgast.log.topics import Topics
from stamgast.programs.editing import tag_of
from stamgast.programs.launching import RefusedLaunchError, Wanted, launch, roll_back
from stamgast.programs.publish import Published, Signed, newest_bundles, publish, publish_parameters
from stamgast.programs.record import BundleRecord, changed, load_record
from stamgast.programs.versions import Version, versions, write_files
from stamgast.programs.writer import ProgramWriter
from stamgast.users.rights import Role
from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
from tests.fakes.house import JSON, ORIGIN, PAGE
from tests.fakes.marketed import Marketed

BAKERY = Path(__file__).parents[2] / "config/merchants/bakkerij-noord"
NAME = BAKERY.name


class Desk:
    """A marketer's folder, and the topic."""

    def __init__(self, bootstrap: str, topic: str, folder: Path) -> None:
        self.bootstrap, self.topic, self.folder = bootstrap, topic, folder
        self.at = 0

    def signed(self, why: str = "") -> Signed:
        self.at += 1_000
        return Signed(self.at, "els", why)

    async def publish(self, *, anyway: bool = False) -> Published:
        self.at += 1_000
        [done] = await publish(
            self.bootstrap, self.topic, [self.folder], self.at, who="els", why="saved", anyway=anyway
        )
        return done

    async def status(self, rule: str = "free-loaf") -> str:
        newest = (await newest_bundles(self.bootstrap, self.topic))[NAME].record
        return load_record(newest).rules.by_id[rule].status_text

    async def launch(self, status: str, rule: str = "free-loaf", *, anyway: bool = False) -> int:
        wanted = Wanted(rule, status, anyway=anyway)
        done = await launch(self.bootstrap, self.topic, wanted, self.signed(f"to {status}"))
        return done.version.number

    async def history(self, rule: str = "") -> list[Version]:
        return [each async for each in versions(self.bootstrap, self.topic, NAME, rule)]

    def edit(self, before: str, after: str, file: str = "rules/free-loaf.yaml") -> None:
        path = self.folder / file
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))


@pytest.fixture
def desk(kafka: Broker, topics: Topics, tmp_path: Path) -> Desk:
    folder = Path(shutil.copytree(BAKERY, tmp_path / NAME))
    return Desk(kafka.bootstrap, topics.programs, folder)


async def test_a_launch_outlives_what_is_published_until_somebody_edits_the_rules_status(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    await desk.publish()
    await desk.launch("canary 5%")
    assert await desk.status() == "canary 5%"
    assert not (await desk.publish()).is_new, "the files are what they were"
    desk.edit("The seventh purchase", "Every seventh purchase")
    done = await desk.publish()
    assert (done.is_new, done.overruled, await desk.status()) == (True, (), "canary 5%")
    await publish_parameters(desk.bootstrap, desk.topic, NAME, {}, desk.at)
    assert await desk.status() == "canary 5%"
    desk.edit("status: live", "status: paused")
    done = await desk.publish()
    assert (done.is_new, await desk.status()) == (True, "paused")
    tell(done)
    assert (
        "free-loaf is paused now, as its file says since it was edited; it was launched canary 5% while its file said "
        "live" in capsys.readouterr().err
    )


async def test_a_launch_and_what_somebody_else_publishes_at_the_same_moment_are_both_kept(desk: Desk) -> None:
    await desk.publish()
    desk.edit("The seventh purchase", "Every seventh purchase")
    for status in ("paused", "live", "shadow"):
        await asyncio.gather(desk.publish(), desk.launch(status), desk.launch(status, "we-miss-you", anyway=True))
        newest = (await newest_bundles(desk.bootstrap, desk.topic))[NAME].record
        rules = load_record(newest).rules.by_id
        assert (rules["free-loaf"].status, rules["we-miss-you"].status) == (status, status)
        assert "Every seventh" in newest.files["rules/free-loaf.yaml"]


async def test_whoever_was_overtaken_appends_their_change_of_what_overtook_them(desk: Desk) -> None:
    await desk.publish()

    def with_why(why: str, record: BundleRecord | None) -> BundleRecord:
        assert record is not None
        return changed(record, clv=record.clv | {why: 1}, why=why)

    async with ProgramWriter(desk.bootstrap, desk.topic, client_id="a") as writer:
        known = writer.newest[NAME]
        async with ProgramWriter(desk.bootstrap, desk.topic, client_id="b") as other:
            await other.change(NAME, lambda record: with_why("theirs", record))
            await other.change("elsewhere", lambda _: changed(BundleRecord(merchant="elsewhere", hash="", files={})))
        found = await writer.change(NAME, lambda record: with_why("ours", record))
    assert found.record.clv == {"theirs": 1, "ours": 1}
    assert found.number == known.number + 4, "theirs, another merchant's, ours of the old one, ours of theirs"


async def test_a_rule_does_not_go_live_without_a_test_or_with_one_that_fails_unless_somebody_insists(
    desk: Desk,
) -> None:
    file = desk.folder / "rules/free-loaf.yaml"
    text = file.read_text()
    file.write_text(text.partition("tests:")[0].replace("status: live", "status: draft"))
    await desk.publish()
    with pytest.raises(RefusedLaunchError, match="free-loaf has no test"):
        await desk.launch("live")
    await desk.launch("canary 5%")
    file.write_text(text.replace("visits: {at_least: 3}", "visits: {at_least: 30}").replace("live", "draft"))
    await desk.publish()
    with pytest.raises(RefusedLaunchError, match="does not do what its tests expect .*seven purchases fill the card"):
        await desk.launch("live")
    assert await desk.status() == "canary 5%"
    await desk.launch("live", anyway=True)
    assert await desk.status() == "live"


async def test_who_misspells_a_rule_is_told_which_there_are(desk: Desk) -> None:
    with pytest.raises(RefusedLaunchError, match="nobody has published anything yet"):
        await desk.launch("live")
    await desk.publish()
    with pytest.raises(RefusedLaunchError, match='Did you mean "free-loaf"'):
        await desk.launch("live", "free-lof")
    with pytest.raises(RefusedLaunchError, match='Did you mean "bakkerij-noord"'):
        await launch(desk.bootstrap, desk.topic, Wanted("free-loaf", "live", "bakkerij-nord"), desk.signed())


async def test_a_rollback_brings_files_and_launches_back_and_is_not_undone_by_the_same_files(
    desk: Desk, tmp_path: Path
) -> None:
    first = (await desk.publish()).number
    desk.edit("The seventh purchase", "Every seventh purchase")
    await desk.publish()
    await desk.launch("paused")
    merchant, done = await roll_back(desk.bootstrap, desk.topic, str(first), desk.signed("oh no"))
    assert (merchant, done.is_new, done.of) == (NAME, True, first)
    assert done.statuses == {"free-loaf": ("paused", "live")}
    newest = (await newest_bundles(desk.bootstrap, desk.topic))[NAME]
    assert newest.number == done.version.number
    assert "The seventh" in newest.record.files["rules/free-loaf.yaml"]
    assert await desk.status() == "live"

    refused = await desk.publish()
    assert refused.hash is None
    assert "a rollback took these very files out of force" in refused.refusal
    paths = write_files(newest.record, tmp_path / "back")
    assert tmp_path / "back" / NAME / "rules/free-loaf.yaml" in paths
    with pytest.raises(FileExistsError):
        write_files(newest.record, tmp_path / "back")
    assert (await desk.publish(anyway=True)).is_new
    desk.edit("Every seventh purchase", "Each seventh purchase")
    assert (await desk.publish()).is_new


async def test_what_is_edited_on_a_page_is_not_undone_unknowingly_by_the_shops_own_files(desk: Desk) -> None:
    first = await desk.publish()
    house = Marketed()
    app, token = await house.app(Role.MARKETER)
    house.deps.kafka, house.deps.topics = desk.bootstrap, SimpleNamespace(programs=desk.topic)
    read = read_token(token)
    assert read is not None
    said = {"Cookie": f"__Host-stamgast={token}", "Origin": ORIGIN, "X-CSRF-Token": page_token(read.secret, NAME)}
    text = (desk.folder / "rules/free-loaf.yaml").read_text()
    new = text.replace("The seventh purchase of bread", "Every seventh purchase of bread")
    sent = {"text": new, "based": tag_of(text), "step": "save", "why": "clearer"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=said) as page:
        saved = await page.post("/app/rules/free-loaf/edit", headers=PAGE, data=sent)
        assert (saved.status_code, saved.headers["location"]) == (303, "/app/rules/free-loaf?launched=edited")
        newest = (await newest_bundles(desk.bootstrap, desk.topic))[NAME].record
        assert (newest.files["rules/free-loaf.yaml"], newest.why) == (new, "clearer")
        assert [each.did for each in house.notes] == [Did.RULE_EDITED]
        told = (await page.get("/app/rules/free-loaf/history", headers=JSON)).json()["versions"]
        assert [(each["why"], each["by"], each["back"]) for each in told] == [
            ("clearer", "Noor", True), ("saved", "els", False)
        ]  # fmt: skip
        back = (await page.get(f"/app/rules/free-loaf/back?version={first.number}", headers=JSON)).json()
        assert back["text"] == text
        overtaken = await page.post("/app/rules/free-loaf/edit", headers=PAGE, data=sent | {"text": new + "# x\n"})
        assert overtaken.status_code == 422, "the page's process has not read yet that its text is another"

    assert "edited on the page since" in (await desk.publish()).refusal
    desk.edit("The seventh purchase of bread", "Every seventh purchase of bread")
    assert (await desk.publish()).is_new, "the folder has the edit now"
    desk.edit("Every seventh purchase of bread", "The seventh purchase of bread")
    assert (await desk.publish()).is_new, "and may go on from there"


async def test_a_rollback_without_a_number_goes_one_back_and_by_hash_to_that(desk: Desk) -> None:
    await desk.publish()
    with pytest.raises(RefusedLaunchError, match="no version of bakkerij-noord before"):
        await roll_back(desk.bootstrap, desk.topic, "", desk.signed("x"))
    await desk.launch("shadow")
    hashes = [each.in_force.record.hash for each in await desk.history()]
    _, done = await roll_back(desk.bootstrap, desk.topic, "", desk.signed("x"))
    assert done.statuses == {"free-loaf": ("shadow", "live")}
    _, done = await roll_back(desk.bootstrap, desk.topic, hashes[1][:10], desk.signed("x"))
    assert done.statuses == {"free-loaf": ("live", "shadow")}
    _, done = await roll_back(desk.bootstrap, desk.topic, hashes[1], desk.signed("x"))
    assert not done.is_new
    with pytest.raises(RefusedLaunchError, match="has no version '99'. Its newest ones are 0, 1, 2, 3"):
        await roll_back(desk.bootstrap, desk.topic, "99", desk.signed("x"))


async def test_a_second_rollback_goes_further_back(desk: Desk) -> None:
    first = (await desk.publish()).number
    await desk.launch("shadow")
    await desk.launch("paused")
    for status in ("shadow", "live"):
        _, done = await roll_back(desk.bootstrap, desk.topic, "", desk.signed("oh no"))
        assert await desk.status() == status
    assert done.of == first


async def test_the_history_tells_who_did_what_and_why(desk: Desk) -> None:
    await desk.publish()
    await desk.launch("canary 20%")
    desk.edit("The seventh purchase", "Every seventh purchase")
    await desk.publish()
    await desk.launch("paused", "we-miss-you")
    told = [(each.in_force.record.who, each.in_force.record.why, each.changed) for each in await desk.history()]
    assert told == [
        ("els", "saved", ("the first version",)),
        ("els", "to canary 20%", ("free-loaf: live → canary 20%",)),
        ("els", "saved", ("rules/free-loaf.yaml changed",)),
        ("els", "to paused", ("we-miss-you: live → paused",)),
    ]
    of_rule = [(each.status, each.changed) for each in await desk.history("free-loaf")]
    assert of_rule == [
        ("live", ("new (live)",)),
        ("canary 20%", ("free-loaf: live → canary 20%",)),
        ("canary 20%", ("its file changed",)),
    ]
    shown = (await desk.history())[1].as_json()
    assert {"number", "hash", "at", "who", "why"} <= shown.keys()
