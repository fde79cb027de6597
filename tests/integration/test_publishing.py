"""What a publish says of what the version before had and this one has not."""

import shutil
from pathlib import Path

import pytest

from stamgast.commands.publish import tell
from stamgast.local.brokers import Broker
from stamgast.log.topics import Topics
from stamgast.programs.publish import Published, publish

BAKERY = Path(__file__).parents[2] / "config/merchants/bakkerij-noord"


async def test_a_store_that_is_named_no_more_is_told_with_the_one_it_may_have_become(
    kafka: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(BAKERY, tmp_path / BAKERY.name))

    async def published() -> tuple[Published, str]:
        [result] = await publish(kafka.bootstrap, topics.programs, [folder], 0)
        tell(result)
        return result, capsys.readouterr().err

    assert (await published())[1] == "", "the first version names no store less"
    for file in (folder / "program.yaml", *folder.glob("rules/*.yaml")):
        file.write_text(file.read_text().replace("korenmarkt", "korenmarkt2"))
    result, told = await published()
    assert (result.is_new, result.stores_gone) == (True, ("korenmarkt",))
    assert "the store 'korenmarkt' is no longer named" in told
    assert 'Did you mean "korenmarkt2"?' in told
    assert (await published())[1] == "", "and only once"


async def test_a_rule_whose_own_test_fails_comes_into_force_with_a_warning_that_names_it(
    kafka: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(BAKERY, tmp_path / BAKERY.name))
    rule = folder / "rules" / "free-loaf.yaml"
    rule.write_text(rule.read_text().replace("visits: {at_least: 3}", "visits: {at_least: 30}"))

    for is_new in (True, False):
        [result] = await publish(kafka.bootstrap, topics.programs, [folder], 0)
        tell(result)
        told = capsys.readouterr().err
        assert result.is_new == is_new
        assert ("fail" in told) == is_new
        if is_new:
            assert "bakkerij-noord: 2 tests fail with what is in force now: free-loaf (seven purchases fill" in told
            assert "`stamgast rules test` says why" in told
