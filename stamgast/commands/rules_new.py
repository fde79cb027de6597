"""`stamgast rules new`: a rule with its messages and tests from a recipe, by a few questions."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, load_settings, misuse, print_json, say
from stamgast.commands.merchant_files import files_of

if TYPE_CHECKING:
    from rules.recipes import Input, Recipe
    from stamgast.domain.program import Program
    from stamgast.programs.recipe_files import Instance
    from stamgast.settings import Settings


def new(
    recipe: Annotated[str | None, typer.Argument(help="Which recipe; without it they are listed.")] = None,
    *,
    merchant: Annotated[str | None, typer.Option(help="For whom; not needed where there is one merchant.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=ANSWER", help="An answer, instead of being asked.")
    ] = None,
    usual: Annotated[bool, typer.Option("--usual", help="Take the usual answer to what is not --set.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the files and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a rule, its messages and its tests from a recipe of config/recipes, and say whether its tests pass."""
    from rules.recipes import RecipeError
    from rules.yaml.problems import has_errors, render_problems
    from stamgast.programs.recipe_files import instantiate, write

    settings = load_settings()
    recipes = _recipes(settings)
    if recipe is None:
        _list(recipes, as_json=as_json)
        return
    chosen = _chosen(recipes, recipe)
    folder, loaded = files_of(settings, merchant)
    given = _given(values or [])
    ask = sys.stdin.isatty() and not usual and not as_json
    try:
        answers = _asked(chosen, given, loaded.program) if ask else given
        instance = instantiate(chosen, answers, loaded)
    except RecipeError as error:
        fail(str(error))
    if has_errors(instance.loaded.problems):
        say(render_problems(instance.loaded.problems))
        fail("with these answers the files would have errors; nothing was written")
    written = [] if dry_run else _write(write, instance, folder)
    failed = _failed_tests(instance)
    if as_json:
        print_json({"files": [str(each) for each in written], "rules": list(instance.rules), "failed_tests": failed})
    else:
        _tell(instance, [str(each) for each in written], failed, dry_run=dry_run)
    if failed:
        raise typer.Exit(WRONG)


def _recipes(settings: Settings) -> list[Recipe]:
    from rules.yaml.problems import render_problems
    from stamgast.programs.recipe_files import RECIPES, recipes_in

    recipes, problems = recipes_in(settings.config_dir)
    if problems:
        say(render_problems(problems))
    if not recipes:
        fail(f"there is no recipe in {settings.config_dir / RECIPES}")
    return recipes


def _list(recipes: Sequence[Recipe], *, as_json: bool) -> None:
    if as_json:
        print_json({"recipes": [_document(each) for each in recipes]})
        return
    width = max(len(each.id) for each in recipes)
    for each in recipes:
        answer(f"{each.id:<{width}}  {each.title}. {each.about}")


def _document(recipe: Recipe) -> dict[str, Any]:
    inputs = {each.name: {"ask": each.ask, "as": each.kind, "usual": dict(each.usual)} for each in recipe.inputs}
    return {"recipe": recipe.id, "title": recipe.title, "about": recipe.about, "inputs": inputs}


def _chosen(recipes: Sequence[Recipe], name: str) -> Recipe:
    from rules.yaml.problems import nearest

    by_id = {each.id: each for each in recipes}
    if name not in by_id:
        near = nearest(name, by_id)  # in Dutch, French or German too
        fail(
            f"there is no recipe {name!r}; " + (f"did you mean {near!r}?" if near else f"there are {', '.join(by_id)}")
        )
    return by_id[name]


def _given(values: Sequence[str]) -> dict[str, str]:
    given = {}
    for each in values:
        name, is_set, text = each.partition("=")
        if not is_set or not name or not text:
            misuse(f"--set {each!r}: write it as name=answer")
        given[name.strip()] = text.strip()
    return given


def _asked(recipe: Recipe, given: Mapping[str, str], program: Program) -> dict[str, str]:
    """Ask whatever was not said, until the answer is one."""
    say(f"{recipe.title}. {recipe.about} Enter takes what stands in brackets.")
    answers = dict(given)
    for asked in recipe.inputs:
        for part in asked.parts(program):
            name = f"{asked.name}.{part}".rstrip(".")
            if name not in answers:
                answers[name] = _ask(asked, part, asked.usual_for(part, program))
    return answers


def _ask(asked: Input, part: str, usual: str) -> str:
    from rules.recipes import RecipeError, check_answer

    question = f"{asked.ask} ({part})" if part else asked.ask
    while True:
        text = str(typer.prompt(question, default=usual or None, err=True)).strip()
        try:
            return check_answer(asked, text)
        except RecipeError as error:
            say(str(error))


def _write(write: Any, instance: Instance, folder: Any) -> list[Any]:
    try:
        return list(write(instance, folder))
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}")


def _failed_tests(instance: Instance) -> list[str]:
    from stamgast.programs.rule_tests import run_tests

    results = [each for each in run_tests(instance.loaded) if each.case.rule in instance.rules and not each.passed]
    return [f"{each.case.rule}: {each.case.name}: {line}" for each in results for line in each.missing]


def _tell(instance: Instance, written: Sequence[str], failed: Sequence[str], *, dry_run: bool) -> None:
    if dry_run:
        for name, text in sorted(instance.files.items()):
            answer(f"--- {name}\n{text}")
    for each in written:
        answer(f"wrote {each}")
    for each in instance.kept:
        say(f"program.yaml has {each} already; it stays as it is")
    for language in instance.in_english:
        say(f"the recipe has no message in {language}: what stands in templates/{language} is English, so translate it")
    for line in failed:
        say(line)
    (rule,) = instance.rules[:1]
    answer("its tests fail; see above" if failed else "its tests pass")
    answer(f"next: read the messages, `stamgast rules check`, and see what it would have done: `rules backtest {rule}`")
