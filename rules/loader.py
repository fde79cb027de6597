"""A merchant's files -> programme, compiled rules, tests and every problem at once. Bad input never raises."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rules.audiences import read_audiences
from rules.bounds import MOST_CONDITIONS_IN_ALL, MOST_RULES, MOST_STEPS_IN_ALL, hold_to
from rules.engine import Audience, CompiledRule
from rules.language.registry import Context
from rules.lint import lint_rules
from rules.program.approved_contents import APPROVED, compare_contents
from rules.program.budgets import check_campaigns
from rules.program.content_check import check_contents
from rules.program.content_lock import LOCK, Lock, NotALockError, read_lock, sids_in
from rules.program.contents import ContentFile, read_content
from rules.program.expires import check_warned
from rules.program.loader import empty_program, read_program
from rules.program.look import FILE as LOOK
from rules.program.message_size import check_approved, check_size, with_parts
from rules.program.messages import Texts, check_sms
from rules.rule_reader import RuleFile, read_rule
from rules.rule_set import RuleSet
from rules.segments import read_segments
from rules.testing.cases import RuleTest
from rules.yaml.encoding import NotUtf8, decode_utf8
from rules.yaml.nodes import Mark, Node
from rules.yaml.problems import Problem, has_errors
from rules.yaml.reader import Reader
from rules.yaml.source import MAX_BYTES, Source, Tally, TooManyProblemsError, read_yaml
from stamgast.domain.kept import NOTHING_KEPT, Kept
from stamgast.domain.program import Program

PROGRAM: Final = "program.yaml"
MAX_FILES: Final = 2_000
_RULE: Final = re.compile(r"rules/[^/]+\.yaml")
_SMS: Final = re.compile(r"templates/([^/]+)/([^/]+)\.j2")
_CONTENT: Final = re.compile(r"contents/([^/]+)\.yaml")


@dataclass(frozen=True, slots=True)
class LoadedMerchant:
    """What a merchant's files mean. `program` and `rules` are for use only if `ok`.

    `files` holds the content of a bundle: relative path -> text. `contents` is what WhatsApp is to approve, by
    template; it is not read of files that were published, of which a worker needs the ContentSids alone.
    """

    program: Program
    rules: RuleSet
    tests: tuple[RuleTest, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, ContentFile] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it may come into force: there may be warnings, but no errors."""
        return not has_errors(self.problems)


def load_merchant(path: Path | str, clv: Mapping[str, Any] | None = None) -> LoadedMerchant:
    """Read a merchant's folder (`config/merchants/<merchant>`). Files are named as `path/…` in problems.

    `clv` is the parameter set that a fit gave, if there is one.
    """
    folder = Path(path)
    files: dict[str, str] = {}
    problems = [
        Problem(f"{path}/{name}", 1, 1, "this is a folder and is not read", "A file would stand in its place.")
        for name in _folders_named_like_files(folder)
    ]
    beside = [APPROVED] if (folder / APPROVED).is_file() else []
    for name in [*sorted(_files_of(folder)), *beside]:
        shown = f"{path}/{name}"
        try:
            files[name] = _read(folder / name)
        except NotUtf8 as error:
            problems.append(Problem(shown, error.line, error.column, error.message, error.hint, error.quoted))
        except OSError as error:
            problems.append(Problem(shown, 1, 1, f"this file cannot be read: {error.strerror or error}"))
    if not folder.is_dir():
        problems.append(Problem(str(path), 1, 1, "there is no such folder"))
        return LoadedMerchant(empty_program(folder.name), RuleSet(), problems=tuple(problems))
    loaded = _load_whatever(_Loading(files, f"{path}/"), folder.resolve().name, clv or {})
    return replace(loaded, problems=(*problems, *loaded.problems))


def load_bundle(
    files: Mapping[str, str], merchant: str = "", clv: Mapping[str, Any] | None = None, *, published: bool = False
) -> LoadedMerchant:
    """The same from memory. `merchant` is needed only if program.yaml does not name it; `clv` is what a fit gave.

    `published`: they stand in the log. They were checked at the door and are only read: bounds that came later do not
    end them, and no text is tried, for compiling the texts took longer than all the rest (ADR 238).
    """
    return _load_whatever(_Loading(files, "", published=published), merchant, clv or {})


def load_published(files: Mapping[str, str], merchant: str, clv: Mapping[str, Any]) -> LoadedMerchant:
    """The same of files that were published: what has become an error since is a warning there."""
    return load_bundle(files, merchant, clv, published=True)


def _files_of(folder: Path) -> list[str]:
    """The files that make a merchant's bundle, and those that look as if they should."""
    found = [PROGRAM] if (folder / PROGRAM).exists() else []
    beside = ("program.y*ml", "contents/*.y*ml", "look/*", LOCK)
    for pattern in ("rules/*.y*ml", "rules/*/*.y*ml", "templates/*/*", *beside):
        found += [each.relative_to(folder).as_posix() for each in folder.glob(pattern) if each.is_file()]
    return [name for name in dict.fromkeys(found) if not Path(name).name.startswith(".")]


def _folders_named_like_files(folder: Path) -> list[str]:
    """Folders that would silently be left out: whoever named them so meant a rule or a text."""
    patterns = ("rules/*.y*ml", "templates/*/*.j2", "contents/*.y*ml")
    found = (each for pattern in patterns for each in folder.glob(pattern) if each.is_dir())
    return sorted(each.relative_to(folder).as_posix() for each in found)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    return decode_utf8(content) if len(content) <= MAX_BYTES else content.decode("utf-8", "replace")


class _Loading:
    """The files of one merchant while they are read."""

    def __init__(self, files: Mapping[str, str], prefix: str, *, published: bool = False) -> None:
        self.files = {name: text for name, text in files.items() if name != APPROVED}
        self.approved = files.get(APPROVED)
        """What Twilio said of the messages; None where nobody asked it. It is never published."""
        self.prefix = prefix
        self.published = published
        self._tally = Tally()
        self.sources = {name: self._source(name, text.removeprefix("\ufeff")) for name, text in self.files.items()}

    def _source(self, name: str, text: str) -> Source:
        return Source(self.prefix + name, text, published=self.published, tally=self._tally)

    def reader(self, name: str) -> Reader:
        if name not in self.sources:
            self.sources[name] = self._source(name, "")
        return Reader(self.sources[name])

    def tree(self, name: str) -> Node | None:
        return read_yaml(self.sources[name])

    def problems(self) -> tuple[Problem, ...]:
        found = [problem for source in self.sources.values() for problem in source.problems]
        return tuple(sorted(found, key=lambda each: (each.file, each.line, each.column)))


def _load_whatever(loading: _Loading, merchant: str, clv: Mapping[str, Any]) -> LoadedMerchant:
    try:
        return _load(loading, merchant, clv)
    except MemoryError:  # says nothing about the files
        raise
    except TooManyProblemsError:
        problems = loading.problems()
        more = Problem(
            problems[-1].file, 1, 1, f"these are {len(problems)} problems", "Mend them first: there may be more."
        )
        return LoadedMerchant(empty_program(merchant), RuleSet(), (), (*problems, more), loading.files)
    except Exception as error:  # noqa: BLE001  a fault of ours: it may hold up this merchant, and nobody else
        what = f"these files cannot be read: {type(error).__name__} on our side"
        problem = Problem(loading.prefix + PROGRAM, 1, 1, what, "Please report it, with the files.")
        return LoadedMerchant(empty_program(merchant), RuleSet(), (), (problem,), loading.files)


def _load(loading: _Loading, merchant: str, clv: Mapping[str, Any]) -> LoadedMerchant:
    files = loading.files
    _check_names(loading)
    if PROGRAM not in files:
        loading.reader(PROGRAM).problem(
            Mark(1, 1),
            f"{PROGRAM} is missing",
            "It begins with `name`, `currency`, `time_zone`, `languages` and `stores`.",
        )
        return LoadedMerchant(empty_program(merchant), RuleSet(), (), loading.problems(), files)
    node = loading.tree(PROGRAM)
    if node is None:
        return LoadedMerchant(empty_program(merchant), RuleSet(), (), loading.problems(), files)
    drawings = {name: source.text for name, source in loading.sources.items() if LOOK.fullmatch(name)}
    texts = Texts(_sms_texts(loading), _pushed(loading), drawings)
    program = read_program(loading.reader(PROGRAM), node, merchant, texts, clv)
    contents = {} if loading.published else _read_contents(loading, program)
    if not loading.published:
        _check_sms(loading, program)
        _check_sendable(loading, node, program)
        check_contents(loading.reader, node, program, contents, _lock(loading))
    segments = read_segments(Context(loading.reader(PROGRAM), program), node)
    context = Context(loading.reader(PROGRAM), program, segments=segments)
    audiences = read_audiences(context, node)
    rule_files = _read_rules(loading, replace(context, audiences=audiences))
    if not loading.published:
        lint_rules(rule_files, program)
        _hold_to_bounds(loading, rule_files)
    rules = {file.rule.id: file.rule for file in rule_files if file.rule is not None}
    program = replace(program, kept=kept_by(program, [*rules.values(), *audiences.values()]))
    if program.expiring_cards and len(rules) == len(rule_files):  # else one may be missed that is only written wrong
        expiring = [card.id for card in program.expiring_cards]
        check_warned(loading.reader(PROGRAM), node, expiring, list(rules.values()))
    check_campaigns(loading.reader(PROGRAM), node, [file.id for file in rule_files])
    if any(rule.budgets for rule in rules.values()):
        program = with_parts(program)
    tests = tuple(test for file in rule_files for test in file.tests)
    return LoadedMerchant(program, RuleSet(rules.values(), audiences), tests, loading.problems(), files, contents)


def _hold_to_bounds(loading: _Loading, files: list[RuleFile]) -> None:
    """What all files hold together."""
    reader, top = loading.reader(PROGRAM), Mark(1, 1)
    conditions = sum(file.rule.condition.count for file in files if file.rule is not None and file.rule.condition)
    steps = sum(len(test.steps) for file in files for test in file.tests)
    hold_to(reader, top, "rules of this merchant", len(files), MOST_RULES)
    hold_to(reader, top, "conditions of all rules of this merchant", conditions, MOST_CONDITIONS_IN_ALL)
    hold_to(reader, top, "steps of all tests of this merchant", steps, MOST_STEPS_IN_ALL)


def kept_by(program: Program, rules: Iterable[CompiledRule | Audience]) -> Kept:
    """What states have to keep for a programme's tiers and for its rules, also for those that are not live yet."""
    kept = Kept(products=program.watch)
    tiers = program.tiers
    if tiers is not None and tiers.span is not None and tiers.by == "spend":
        kept |= Kept(spend_days=tiers.span.longest)
    for rule in rules:
        kept |= rule.kept
    return NOTHING_KEPT if kept == NOTHING_KEPT else kept


def _check_names(loading: _Loading) -> None:
    """Files that would silently be left out."""
    for name in list(loading.sources):
        if name in {PROGRAM, LOCK} or any(each.fullmatch(name) for each in (_RULE, _SMS, _CONTENT, LOOK)):
            continue
        stem = name.rpartition(".")[0]
        if name.endswith(".yml"):
            loading.reader(name).problem(Mark(1, 1), "this file is not read", f"Name it {stem}.yaml.")
        elif name.startswith("rules/") and name.endswith(".yaml"):
            loading.reader(name).problem(Mark(1, 1), "this file is not read", "Rules stand in rules/ itself.")
        elif name.startswith("look/"):
            loading.reader(name).problem(Mark(1, 1), "this file is not read", "Drawings are look/<name>.svg.")
        elif name.startswith("templates/"):
            hint = "Texts are templates/<language>/<template>.j2."
            loading.reader(name).problem(Mark(1, 1), "this file is not read", hint)
    if len(loading.sources) > MAX_FILES:
        loading.reader(PROGRAM).problem(Mark(1, 1), f"a merchant has at most {MAX_FILES} files")


def _sms_texts(loading: _Loading) -> dict[str, dict[str, str]]:
    """Template -> language -> text, of the templates/ folder."""
    texts: dict[str, dict[str, str]] = {}
    for name, source in loading.sources.items():
        if match := _SMS.fullmatch(name):
            texts.setdefault(match[2], {})[match[1]] = source.text
    return texts


def _pushed(loading: _Loading) -> dict[str, dict[str, str]]:
    """Template -> language -> ContentSid, of those that have a file in contents/."""
    sids = sids_in(_lock(loading))
    return {match[1]: sids.get(match[1], {}) for name in loading.sources if (match := _CONTENT.fullmatch(name))}


def _lock(loading: _Loading) -> Lock:
    if LOCK not in loading.sources:
        return {}
    try:
        return read_lock(loading.sources[LOCK].text)
    except NotALockError:
        hint = "Take it from where it was kept, or delete it: `stamgast templates push` finds what is there."
        loading.reader(LOCK).problem(Mark(1, 1), "this is not what `stamgast templates push` writes", hint)
        return {}


def _read_contents(loading: _Loading, program: Program) -> dict[str, ContentFile]:
    found: dict[str, ContentFile] = {}
    for name in sorted(loading.sources):
        match = _CONTENT.fullmatch(name)
        node = loading.tree(name) if match else None
        if match and node is not None:
            file = read_content(loading.reader(name), node, match[1], program)
            found |= {} if file is None else {match[1]: file}
    return found


def _check_sms(loading: _Loading, program: Program) -> None:
    for name in list(loading.sources):
        if match := _SMS.fullmatch(name):
            check_sms(loading.reader(name), match[1], match[2], program)


def _check_sendable(loading: _Loading, node: Node, program: Program) -> None:
    for name in list(loading.sources):
        if (match := _SMS.fullmatch(name)) and match[1] in program.languages and match[2] in program.templates:
            check_size(loading.reader(name), match[1], program)
    reader = loading.reader(PROGRAM)
    check_approved(reader, node, program)
    if loading.approved is not None:
        compare_contents(reader, node, program, loading.approved, loading.reader(APPROVED))


def _read_rules(loading: _Loading, context: Context) -> list[RuleFile]:
    found = []
    for name in sorted(loading.sources):
        node = loading.tree(name) if _RULE.fullmatch(name) else None
        if node is not None:
            reader = loading.reader(name)
            file = read_rule(reader, node, replace(context, reader=reader))
            found += [file] if file is not None else []
    return found
