"""Every shipped recipe, filled in as usual and otherwise: its files are right, and its own tests pass."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rules.loader import LoadedMerchant, load_bundle, load_merchant
from rules.recipes import LANGUAGES, RecipeError, read_recipe
from stamgast.domain.card_expiry import Expires
from stamgast.domain.sms_parts import count_parts
from stamgast.domain.spans import Span
from stamgast.programs.recipe_files import instantiate, recipes_in, write
from stamgast.programs.rule_tests import run_tests

CONFIG = Path(__file__).parents[3] / "config"
RECIPES = {recipe.id: recipe for recipe in recipes_in(CONFIG)[0]}
NEEDS: Mapping[str, tuple[str, ...]] = {"nearly-there": ("stamp-card",), "reward-expires": ("stamp-card",)}
"""Recipe -> what a shop has made before it, for the things that it names."""
PROGRAM = """\
merchant: proef
name: Proefbakkerij
currency: EUR
time_zone: Europe/Amsterdam
languages: [LANGUAGES]
stores: {dok: {}}
messaging: {sms_sender: "+31970102345"}
"""


def merchant(*languages: str) -> LoadedMerchant:
    return load_bundle({"program.yaml": PROGRAM.replace("LANGUAGES", ", ".join(languages or LANGUAGES))})


def made(recipe: str, loaded: LoadedMerchant, **answers: str) -> LoadedMerchant:
    for needed in NEEDS.get(recipe, ()):
        loaded = instantiate(RECIPES[needed], {}, loaded).loaded
    return instantiate(RECIPES[recipe], answers, loaded).loaded


def test_all_that_is_shipped_can_be_read():
    recipes, problems = recipes_in(CONFIG)
    assert problems == []
    assert sorted(each.id for each in recipes) == sorted(path.stem for path in (CONFIG / "recipes").glob("*.yaml"))


def test_a_question_whose_answer_goes_nowhere_is_told(tmp_path: Path):
    path = tmp_path / "vip-tier.yaml"
    text = (CONFIG / "recipes/vip-tier.yaml").read_text()
    path.write_text(text.replace("    limits: {hold_out: [[ hold_out ]]}\n", ""))
    recipe, problems = read_recipe(path)
    assert recipe is not None
    assert [each.message for each in problems] == ['nothing of the recipe uses the answer to "hold_out"']


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_gives_rules_whose_tests_pass_in_four_languages(recipe: str):
    loaded = made(recipe, merchant())
    assert [each.render() for each in loaded.problems] == []
    results = run_tests(loaded)
    assert [(each.case.name, each.missing) for each in results if not each.passed] == []
    rules = [rule for rule in loaded.rules.all if rule.id in RECIPES[recipe].id or rule.status == "draft"]
    assert rules
    for rule in rules:
        assert len([each for each in results if each.case.rule == rule.id]) >= 2, f"{rule.id} shows too little"


def test_stamps_run_out_of_a_card_that_is_there_already():
    shop = instantiate(RECIPES["stamp-card"], {}, merchant()).loaded
    made = instantiate(RECIPES["stamps-expire"], {"after": "6 months", "warned": "2 weeks"}, shop)
    assert (made.loaded.problems, made.kept) == ((), ("cards: coffee",))
    card = made.loaded.program.cards["coffee"]
    assert (card.expires, card.stamps_required) == (Expires(Span(months=6), 14), 7)
    assert [each.missing + each.unexpected for each in run_tests(made.loaded) if not each.passed] == []
    again = instantiate(RECIPES["stamps-expire"], {"card": "tea", "category": "tea"}, made.loaded)
    assert again.loaded.ok
    assert again.kept == ()


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recipe_speaks_one_language_alone_as_well(recipe: str, language: str):
    loaded = made(recipe, merchant(language))
    assert loaded.ok
    texts = [name for name in loaded.files if name.startswith("templates/")]
    assert all(name.startswith(f"templates/{language}/") for name in texts)


@pytest.mark.parametrize("recipe", RECIPES)
def test_its_messages_say_how_to_stop_and_take_few_parts(recipe: str):
    for template, texts in RECIPES[recipe].messages.items():
        for text in texts.values():
            assert ("STOP" in text) is ("marketing" in RECIPES[recipe].program["templates"][template])
            assert count_parts(text).encoding == "gsm7", text


def test_another_language_gets_english_and_is_told():
    instance = instantiate(RECIPES["stamp-card"], {"reward_name.it": "Un caffè"}, merchant("it", "nl"))
    assert instance.in_english == ("it",)
    assert "your card is full" in instance.files["templates/it/coffee_full.j2"]
    assert instance.loaded.program.rewards["free_coffee"].names["it"] == "Un caffè"


def test_usual_amounts_are_in_the_programmes_own_currency():
    loaded = load_bundle({"program.yaml": PROGRAM.replace("EUR", "GBP").replace("LANGUAGES", "en")})
    assert made("stamp-card", loaded).program.rewards["free_coffee"].cost == 60


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"stamps": "seven"}, 'stamps: "seven" is not a number. Write a whole number from 1 to 1000.'),
        ({"card": "a card"}, 'card: "a card" cannot be an id. Begin with a letter'),
        ({"cost": "60 cents"}, 'cost: "60 cents" is not an amount of money'),
        ({"kaart": "x"}, 'stamp-card asks nothing called "kaart"; it asks card, category, cost'),
        ({"reward_name.nl": "x\ny"}, "is not a text of one line"),
    ],
)
def test_an_answer_that_is_none_is_told(answers: dict[str, str], told: str):
    with pytest.raises(RecipeError) as refused:
        instantiate(RECIPES["stamp-card"], answers, merchant())
    assert told in str(refused.value)


def test_a_name_with_quotes_is_a_name():
    loaded = made("stamp-card", merchant("en"), **{"reward_name.en": 'Baker\'s: "dozen" {free}'})
    assert loaded.program.rewards["free_coffee"].names["en"] == 'Baker\'s: "dozen" {free}'


def test_what_is_there_already_is_not_written_over(tmp_path: Path):
    bakery = load_merchant(CONFIG / "merchants/bakkerij-noord")
    instance = instantiate(RECIPES["stamp-card"], {"card": "bread", "reward": "free_loaf"}, bakery)
    assert instance.kept == ("rewards: free_loaf", "cards: bread")
    written = write(instance, tmp_path)
    assert written[-1] == tmp_path / "program.yaml"
    with pytest.raises(RecipeError, match="rules/bread-full.yaml, templates/fr/bread_full.j2.* is there already"):
        instantiate(RECIPES["stamp-card"], {"card": "bread"}, instance.loaded)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("recipe: other\ntitle: a\nabout: b\nrules: {}\n", 'this is the file of "mine", not of "other"'),
        ("recipe: mine\n", "`recipe` needs `title`"),
        ("recipe: mine\ntitle: a\nabout: b\nrules: {a: b}\nmessages: {m: {nl: a}}\n", "is not there in fr, de, en"),
        ("recipe: mine\ntitle: a\nabout: b\nrules: {a: b}\ninputs: {x: {ask: A, as: nummer}}\n", "unknown kind of answer"),
        ("recipe: mine\ntitle: a\nabout: b\nrules: {a: b}\ninputs: {x: {ask: A, as: number, usual: a}}\n", "is not a number"),
        ("recipe: mine\ntitle: a\nabout: b\nrules: {a: b}\nprogram: {card: {}}\n", 'Did you mean "cards"?'),
    ],
)  # fmt: skip
def test_a_recipe_of_ones_own_is_checked_like_any_file(tmp_path: Path, text: str, told: str):
    (tmp_path / "mine.yaml").write_text(text)
    recipe, problems = read_recipe(tmp_path / "mine.yaml")
    assert recipe is None
    assert any(told in each.render() for each in problems), [each.render() for each in problems]


def test_a_recipe_that_cannot_be_filled_in_is_told():
    broken = replace(RECIPES["stamp-card"], rules={"x": "[[ nobody ]]"})
    with pytest.raises(RecipeError, match="the recipe stamp-card cannot be filled in: 'nobody' is undefined"):
        instantiate(broken, {}, merchant())
