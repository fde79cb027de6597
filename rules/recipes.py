"""A recipe: a rule, its messages in several languages, and what program.yaml needs for them, with gaps to be filled in.

`config/recipes/<recipe>.yaml` says what it asks (`inputs`); its texts have `[[ name ]]` where an answer goes. They are
filled in by Jinja2 with brackets of its own, so that `{{ customer.first_name }}` stays a message's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import StrictUndefined, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from rules.yaml.nodes import MapNode, Node
from rules.yaml.problems import Problem, has_errors
from rules.yaml.reader import Reader
from rules.yaml.source import Source, read_yaml
from rules.yaml.words import (
    WordError,
    parse_date,
    parse_duration,
    parse_hours,
    parse_money,
    parse_percent,
    parse_span,
)
from stamgast.domain.program import Program

LANGUAGES: Final = ("nl", "fr", "de", "en")
"""Languages that every recipe speaks; a programme with others gets the English text for them, and is told."""
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_WORDS: Final = ("recipe", "title", "about", "inputs", "program", "rules", "messages")
_INPUT: Final = ("ask", "as", "usual")
_SECTIONS: Final = (
    *("cards", "rewards", "templates", "segments", "tiers", "watch"),
    *("staff", "alerts", "audiences", "feed", "costs", "questions", "join"),
    *("referral", "recommend", "draws"),
)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise WordError(f'"{text}" is not a number', "Write a whole number from 1 to 1000.")
    return int(text)


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise WordError(
            f'"{text}" cannot be an id', "Begin with a letter; use letters, digits, dashes and underscores."
        )
    return text


def _ids(text: str) -> str:
    return ", ".join(_id(each.strip()) for each in text.split(","))


def _text(text: str) -> str:
    if not text.strip() or len(text) > 200 or not text.isprintable():
        raise WordError(f'"{text[:40]}" is not a text of one line', "Write at most 200 characters.")
    return text


KINDS: Final[Mapping[str, Callable[[str], object]]] = {
    "id": _id,
    "ids": _ids,
    "number": _number,
    "text": _text,
    "names": _text,
    "money": parse_money,
    "percent": parse_percent,
    "duration": parse_duration,
    "span": parse_span,
    "hours": parse_hours,
    "date": parse_date,
}
"""What an answer may be -> what refuses what is none. `names` is a text in each of the programme's languages."""


@dataclass(frozen=True, slots=True)
class Input:
    """Something that a recipe asks. `usual` is what is taken without an answer: by language for `names`, else at ""."""

    name: str
    ask: str
    kind: str
    usual: Mapping[str, str]

    def parts(self, program: Program) -> Sequence[str]:
        """What is asked for it: nothing more, or once for each language."""
        return program.languages if self.kind == "names" else ("",)

    def usual_for(self, part: str, program: Program) -> str:
        """What is taken where nobody answers; empty where somebody must. Money is of the programme's currency."""
        usual = self.usual.get(part) or (self.usual.get("en", "") if part else "")
        return f"{usual.rpartition(' ')[0]} {program.currency}" if self.kind == "money" and usual else usual


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe as it was read. `program` is section -> entry -> text, `messages` template -> language -> text."""

    id: str
    title: str
    about: str
    inputs: tuple[Input, ...]
    program: Mapping[str, Mapping[str, str]]
    rules: Mapping[str, str]
    messages: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a recipe comes to: entries for program.yaml by section, and files by their path in the merchant's folder."""

    program: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]
    rules: tuple[str, ...]


class RecipeError(ValueError):
    """An answer, or a recipe, that is not what it should be; the text says which, and what to write."""


def read_recipe(path: Path) -> tuple[Recipe | None, tuple[Problem, ...]]:
    """A recipe and everything that is wrong with it; None if it cannot be used. Raises OSError for no such file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None, (Problem(str(path), 1, 1, "this file is not UTF-8 text"),)
    source = Source(str(path), text)
    node = read_yaml(source)
    recipe = None if node is None else _read(Reader(source), node, path.stem)
    problems = tuple(source.problems)
    return (None if has_errors(problems) else recipe), problems


def fill(recipe: Recipe, answers: Mapping[str, str], program: Program) -> Filled:
    """Fill a recipe in for a programme. `answers` are by name, of `names` by `name.language`.

    Raises:
        RecipeError: an answer is missing or is not what was asked for.
    """
    known = {f"{each.name}.{part}".rstrip(".") for each in recipe.inputs for part in each.parts(program)}
    for name in answers:
        if name not in known:
            raise RecipeError(f'{recipe.id} asks nothing called "{name}"; it asks {", ".join(sorted(known))}')
    values = {each.name: _answer(each, answers, program) for each in recipe.inputs}
    filler = _Filler({**values, "currency": program.currency, "languages": list(program.languages)}, recipe.id)
    entries = {
        section: {filler(name): filler(text) for name, text in texts.items()}
        for section, texts in recipe.program.items()
    }
    files: dict[str, str] = {}
    rules = []
    for name, text in recipe.rules.items():
        rules.append(filler(name))
        files[f"rules/{rules[-1]}.yaml"] = filler(text)
    for template, texts in recipe.messages.items():
        for language in program.languages:
            files[f"templates/{language}/{filler(template)}.j2"] = filler(texts.get(language) or texts["en"])
    return Filled(entries, files, tuple(rules))


def check_answer(asked: Input, text: str) -> str:
    """An answer as it is filled in. Raises `RecipeError` for one that is none."""
    try:
        KINDS[asked.kind](text)
    except WordError as error:
        raise RecipeError(f"{asked.name}: {error}. {error.hint}".rstrip()) from None
    return _ids(text) if asked.kind == "ids" else text


def _answer(asked: Input, answers: Mapping[str, str], program: Program) -> object:
    found = {}
    for part in asked.parts(program):
        name = f"{asked.name}.{part}".rstrip(".")
        text = answers.get(name) or asked.usual_for(part, program)
        if not text:
            raise RecipeError(f"{name} is not answered: {asked.ask}")
        found[part] = check_answer(asked, text)
    if asked.kind != "names":
        return found[""]
    return "{" + ", ".join(f"{language}: {_quoted(text)}" for language, text in found.items()) + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        undefined=StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


class _Filler:
    """Fills texts in."""

    def __init__(self, values: Mapping[str, object], recipe: str) -> None:
        self._values, self._recipe = values, recipe
        self._environment = _environment()

    def __call__(self, text: str) -> str:
        """The text with its gaps filled. Raises `RecipeError` for one that cannot be."""
        try:
            return self._environment.from_string(text).render(self._values)
        except TemplateError as error:
            raise RecipeError(f"the recipe {self._recipe} cannot be filled in: {error}") from error


def _read(reader: Reader, node: Node, stem: str) -> Recipe:
    found = reader.mapping(node, "recipe", _WORDS, ("recipe", "title", "about", "rules"))
    name = reader.text(found["recipe"], "recipe") if "recipe" in found else None
    if name is not None and name != stem:
        reader.problem(found["recipe"], f'this is the file of "{stem}", not of "{name}"')
    messages = _texts_of_texts(reader, found.get("messages"), "messages")
    for template, texts in messages.items():
        missing = [each for each in LANGUAGES if each not in texts]
        if missing:
            reader.problem(found["messages"], f"the message {template} is not there in {', '.join(missing)}")
    recipe = Recipe(
        id=name or stem,
        title=_said(reader, found, "title"),
        about=_said(reader, found, "about"),
        inputs=tuple(_inputs(reader, found.get("inputs"))),
        program=_texts_of_texts(reader, found.get("program"), "program", _SECTIONS),
        rules=_texts(reader, found.get("rules"), "rules"),
        messages=messages,
    )
    _tell_of_unused(reader, found.get("inputs"), recipe)
    return recipe


def _tell_of_unused(reader: Reader, node: Node | None, recipe: Recipe) -> None:
    """Of a question whose answer goes nowhere: whoever answered `hold_out` believes that somebody is held out."""
    sections = (*recipe.program.values(), recipe.rules, *recipe.messages.values(), dict.fromkeys(recipe.messages, ""))
    environment = _environment()
    used = set[str]()
    for text in (each for section in sections for pair in section.items() for each in pair):
        with suppress(TemplateError):  # told when it is filled in
            used |= find_undeclared_variables(environment.parse(text))
    for key, _ in node.entries if isinstance(node, MapNode) else ():
        if key.text not in used:
            hint = f"Write [[ {key.text} ]] where it goes, or ask nothing."
            reader.problem(key, f'nothing of the recipe uses the answer to "{key.text}"', hint, warning=True)


def _said(reader: Reader, found: Mapping[str, Node], key: str) -> str:
    return (reader.text(found[key], key) if key in found else None) or ""


def _inputs(reader: Reader, node: Node | None) -> Iterable[Input]:
    for key, value in reader.entries(node, "inputs") if node is not None else []:
        found = reader.mapping(value, f"inputs: {key.text}", _INPUT, ("ask", "as"))
        kind = reader.one_of(found["as"], "as", KINDS, thing="kind of answer") if "as" in found else None
        usual: Mapping[str, str] = {}
        if "usual" in found and kind == "names":
            usual = _texts(reader, found["usual"], "usual")
        elif "usual" in found:
            usual = {"": reader.text(found["usual"], "usual") or ""}
        asked = Input(key.text, _said(reader, found, "ask"), kind or "text", usual)
        for part, text in usual.items():
            try:
                check_answer(asked, text)
            except RecipeError as error:
                reader.problem(found["usual"], f"`usual`{f' ({part})' if part else ''}: {error}")
        yield asked


def _texts(reader: Reader, node: Node | None, where: str) -> dict[str, str]:
    if node is None:
        return {}
    found = {key.text: reader.text(value, f"{where}: {key.text}") for key, value in reader.entries(node, where)}
    return {key: text for key, text in found.items() if text is not None}


def _texts_of_texts(
    reader: Reader, node: Node | None, where: str, allowed: Iterable[str] | None = None
) -> dict[str, dict[str, str]]:
    if node is None:
        return {}
    entries = reader.entries(node, where, None if allowed is None else tuple(allowed))
    return {key.text: _texts(reader, value, f"{where}: {key.text}") for key, value in entries}


__all__ = ["KINDS", "LANGUAGES", "Filled", "Input", "Recipe", "RecipeError", "check_answer", "fill", "read_recipe"]
