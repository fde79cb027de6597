"""`/app/rules/{rule}/edit`: another text of a rule, checked as one writes, compared, and brought into force.

`/back` begins with the text of an older version. Both lead to the same question: these lines change, is that meant?
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.log.producers import EmitError
from stamgast.marketer.reading import InForce
from stamgast.marketer.rule_files import record_of, words_in
from stamgast.programs.editing import (
    MOST_TEXT,
    Checked,
    Edit,
    Failing,
    StaleEditError,
    WrongEditError,
    check_edit,
    differences,
    edit_rule,
    plain,
    tag_of,
)
from stamgast.programs.publish import Signed
from stamgast.programs.record import BundleTooLargeError
from stamgast.programs.topic import all_bundles
from stamgast.programs.versions import text_of_rule
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.rules import in_force_or_refuse, rule_in
from stamgast.web.pages.marketer.showing import show
from stamgast.web.problem import Problem, unavailable

_HERE: Final = "/app/rules"
_MOST_FORM: Final = 4 * MOST_TEXT
"""Bytes: a form writes most signs of YAML as three."""
_MOST_WHY: Final = 300
_SAVES, _EDITS_ON = "save", "edit"


class Edited(Struct, frozen=True):
    """A text of a rule, and what is to be said of it. `based` is the tag of what is in force."""

    rule: str
    file: str
    text: str
    based: str
    problems: list[dict[str, Any]] = []
    sentence: str = ""
    failing: list[Failing] = []
    changes: list[str] = []
    """Line by line, with `+`, `-` or nothing before each."""


@open_to(Right.EDIT_RULES)
async def get_edit(request: Request) -> Response:
    """Show the text to be edited."""
    visitor = await signed_in(request, Right.EDIT_RULES)
    found, rule = await _in_force(request, visitor)
    return _writing(request, visitor, found, await _looked_at(request, found, rule, _text_now(found, rule)))


@open_to(Right.EDIT_RULES)
async def get_words(request: Request) -> Response:
    """Say what may stand in the file, for the editor to complete: JSON Schema."""
    visitor = await signed_in(request, Right.EDIT_RULES)
    found, _ = await _in_force(request, visitor)
    words = await asyncio.to_thread(words_in, found.packed)
    return JSONResponse(words, headers={"Cache-Control": "private, no-store"})


@open_to(Right.EDIT_RULES)
async def post_check(request: Request) -> Response:
    """Say what is wrong with a text: the same as `rules check`."""
    visitor = await signed_in(request, Right.EDIT_RULES, most=_MOST_FORM)
    found, rule = await _in_force(request, visitor)
    model = await _looked_at(request, found, rule, _text_sent(visitor))
    told = {"file": model.file, "problems": model.problems, "sentence": model.sentence}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@open_to(Right.EDIT_RULES)
async def get_back(request: Request) -> Response:
    """Show what would change if the text of an older version were in force again."""
    visitor = await signed_in(request, Right.EDIT_RULES)
    found, rule = await _in_force(request, visitor)
    version = request.query_params.get("version", "")
    old = await _text_of_version(request, visitor.merchant, rule, version)
    model = await _looked_at(request, found, rule, old, with_tests=True)
    return _comparing(request, visitor, found, model, back_to=version)


@open_to(Right.EDIT_RULES)
async def post_edit(request: Request) -> Response:
    """Show what changes, and what is wrong; then, when that was confirmed with a reason, bring it into force."""
    visitor = await signed_in(request, Right.EDIT_RULES, most=_MOST_FORM)
    found, rule = await _in_force(request, visitor)
    form, text = visitor.form, _text_sent(visitor)
    step, based = str(form.get("step", "")), str(form.get("based", ""))
    model = await _looked_at(request, found, rule, text, with_tests=step != _EDITS_ON)
    if step == _EDITS_ON or not _is_right(model):
        return _writing(request, visitor, found, model, status=200 if step == _EDITS_ON else 422)
    why = str(form.get("why", "")).strip()[:_MOST_WHY]
    if step != _SAVES or based != model.based or not why or (model.failing and not form.get("anyway")):
        wrong = "" if step != _SAVES else "stale" if based != model.based else "why" if not why else "failing"
        return _comparing(request, visitor, found, model, wrong=wrong, why=why, back_to=str(form.get("back_to", "")))
    return await _save(request, visitor, found, model, why)


async def _save(request: Request, visitor: Visitor, found: InForce, model: Edited, why: str) -> Response:
    deps, back_to = deps_of(request), str(visitor.form.get("back_to", ""))[:20]
    signed = Signed(deps.clock.now(), visitor.who.id, why)
    topic, edit = deps.topics.programs, Edit(model.rule, model.text, model.based)
    try:
        done = await edit_rule(deps.kafka, topic, visitor.merchant, edit, signed)
    except StaleEditError:
        return _comparing(request, visitor, found, model, wrong="stale", why=why)
    except WrongEditError as error:
        return _writing(request, visitor, found, _with(model, error.checked), status=422)
    except BundleTooLargeError as error:
        raise Problem(413, "too-large", f"{error}.") from None
    except EmitError:
        raise unavailable("Kafka does not say whether it took the edit. Look at the rule, then try again.") from None
    did, words = (Did.ROLLED_BACK, f"to version {back_to}: {why}") if back_to else (Did.RULE_EDITED, why)
    about = About(visitor.merchant, rule=model.rule, version=str(done.number), words=words)
    await note(deps.audit, visitor.who, did, about)
    return RedirectResponse(f"{_HERE}/{model.rule}?launched=edited", 303)


def _writing(request: Request, visitor: Visitor, found: InForce, model: Edited, *, status: int = 200) -> Response:
    return show(
        request, "rule_edit.html", model, visitor=visitor, program=found.program, here=_HERE, live=True, status=status,
        most=MOST_TEXT,
    )  # fmt: skip


def _comparing(
    request: Request, visitor: Visitor, found: InForce, model: Edited, *, wrong: str = "", why: str = "",
    back_to: str = "",
) -> Response:  # fmt: skip
    return show(
        request, "rule_compare.html", model, visitor=visitor, program=found.program, here=_HERE, wrong=wrong, why=why,
        back_to=back_to, may_save=_is_right(model), status=422 if wrong else 200,
    )  # fmt: skip


async def _in_force(request: Request, visitor: Visitor) -> tuple[InForce, str]:
    found = await in_force_or_refuse(request, visitor)
    return found, rule_in(found, request.path_params["rule"]).rule


def _text_now(found: InForce, rule: str) -> str:
    return text_of_rule(record_of(found.packed), rule)


def _text_sent(visitor: Visitor) -> str:
    return plain(str(visitor.form.get("text", "")))


async def _text_of_version(request: Request, merchant: str, rule: str, version: str) -> str:
    deps = deps_of(request)
    if version.isdecimal():
        async for number, _, record in all_bundles(deps.kafka, deps.topics.programs):
            if record.merchant == merchant and number == int(version) and (text := text_of_rule(record, rule)):
                return text
    raise Problem(404, "no-version", f"There is no version {version[:20]!r} with this rule. Its history names them.")


async def _looked_at(request: Request, found: InForce, rule: str, text: str, *, with_tests: bool = False) -> Edited:
    now, record = deps_of(request).clock.now(), record_of(found.packed)
    checked = await asyncio.to_thread(check_edit, record, rule, text, now, with_tests=with_tests)
    before = text_of_rule(record, rule)
    return _with(Edited(rule, checked.file, text, tag_of(before), changes=differences(before, text)), checked)


def _with(model: Edited, checked: Checked) -> Edited:
    return Edited(
        model.rule, model.file, model.text, model.based,
        [each.as_json() | {"length": each.length} for each in checked.problems],
        checked.sentence, list(checked.failing), model.changes,
    )  # fmt: skip


def _is_right(model: Edited) -> bool:
    return not any(each["severity"] == "error" for each in model.problems)
