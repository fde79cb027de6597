"""Recipes on disk: which there are, and what one comes to in a merchant's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rules.loader import PROGRAM, LoadedMerchant, load_bundle
from rules.recipes import LANGUAGES, Recipe, RecipeError, fill, read_recipe
from rules.yaml.insertion import InsertionError, insert_entry
from rules.yaml.problems import Problem

RECIPES: Final = "recipes"
_SCHEMA: Final = Path("schemas/rule.json")
"""Below the folder that holds `config/`."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What is to be written: path in the merchant's folder -> whole text. Nothing of it is written yet.

    `kept` names entries of program.yaml that were there already and stay as they are; `loaded` is what the merchant's
    files come to with it.
    """

    files: Mapping[str, str]
    rules: tuple[str, ...]
    kept: tuple[str, ...]
    in_english: tuple[str, ...]
    """Languages of the programme that no recipe speaks: messages in them are English until they are translated."""
    loaded: LoadedMerchant

    @property
    def new_rules(self) -> frozenset[str]:
        """The paths of its rules."""
        return frozenset(name for name in self.files if name.startswith("rules/"))


def recipes_in(config_dir: Path) -> tuple[list[Recipe], list[Problem]]:
    """Every recipe by its id, and what is wrong with those that cannot be used."""
    recipes: list[Recipe] = []
    problems: list[Problem] = []
    for path in sorted((config_dir / RECIPES).glob("*.yaml")):
        recipe, found = read_recipe(path)
        problems += found
        if recipe is not None:
            recipes.append(recipe)
    return recipes, problems


def instantiate(recipe: Recipe, answers: Mapping[str, str], loaded: LoadedMerchant) -> Instance:
    """Fill a recipe in for a merchant whose files are in order.

    Raises:
        RecipeError: an answer is not right, a file is there already, or program.yaml cannot take what it needs.
    """
    filled = fill(recipe, answers, loaded.program)
    there = sorted(filled.files.keys() & loaded.files.keys())
    if there:
        raise RecipeError(f"{', '.join(there)} is there already; give the recipe other names, or take that away first")
    program, kept = loaded.files[PROGRAM], []
    for section, entries in filled.program.items():
        for name, text in entries.items():
            try:
                added = insert_entry(program, section, name, text)
            except InsertionError as error:
                raise RecipeError(
                    f"{PROGRAM}: {error}; write {name} under {section} yourself: {text.strip()}"
                ) from None
            if added == program:
                kept.append(f"{section}: {name}")
            program = added
    files = dict(filled.files)
    if program != loaded.files[PROGRAM]:
        files[PROGRAM] = program
    whole = load_bundle({**loaded.files, **files}, loaded.program.merchant)
    foreign = tuple(each for each in loaded.program.languages if each not in LANGUAGES)
    return Instance(files, filled.rules, tuple(kept), foreign, whole)


def write(instance: Instance, folder: Path) -> list[Path]:
    """Write its files, program.yaml last: what it names is there by then. Raises OSError."""
    written = []
    for name in sorted(instance.files, key=lambda each: (each == PROGRAM, each)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = _schema_line(path) if name in instance.new_rules else ""
        path.write_text(shown + instance.files[name], encoding="utf-8")
        written.append(path)
    return written


def _schema_line(path: Path) -> str:
    """What tells an editor where the schema of a rule is: nothing where there is none beside the merchant's folder."""
    for above in path.parents:
        schema = above / _SCHEMA
        if schema.is_file():
            return f"# yaml-language-server: $schema={os.path.relpath(schema, path.parent)}\n"
    return ""
