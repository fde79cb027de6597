"""`stamgast rules`: check and test a merchant's files, explain them, and give editors their schema."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import (
    WRONG,
    AsJson,
    answer,
    fail,
    load_settings,
    misuse,
    new_app,
    print_json,
    read_settings,
    say,
)
from stamgast.commands.merchant_files import paths_meant
from stamgast.commands.rules_backtest import backtest
from stamgast.commands.rules_launch import history, launch, rollback
from stamgast.commands.rules_new import new
from stamgast.domain.counting import so_many
from stamgast.domain.spelling import nearest
from stamgast.domain.vocabulary import RuleStatus, Status

if TYPE_CHECKING:
    from rules.yaml.problems import Problem
    from stamgast.domain.units import Millis
    from stamgast.programs.told_rules import ToldRule
    from stamgast.settings import Settings

app = new_app("Check, test, back-test, launch and explain rules.", no_args_is_help=True)
for command in (new, backtest, launch, history, rollback):
    app.command()(command)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH…]", help="Merchants, their folders or single files; all of STAMGAST_CONFIG_DIR if none."
    ),
]
OfMerchant = Annotated[str | None, typer.Option("--merchant", help="Whose; all if not said.")]


@app.command()
def check(paths: Paths = None, *, merchant: OfMerchant = None, as_json: AsJson = False) -> None:
    """Say everything that is wrong with the files: where, what, and what to write instead."""
    from rules.yaml.problems import has_errors, render_problems
    from stamgast.programs.rule_files import files_at

    meant, settings = paths_meant(read_settings, paths, merchant)
    chosen = files_at(meant)
    if not chosen.folders:
        misuse(chosen.complaint)
    problems = [*chosen.problems(), *chosen.advice(_now(settings))]
    told = chosen.rules()
    if as_json:
        print_json(
            {
                "files": chosen.file_names(),
                "problems": [each.as_json() for each in problems],
                "rules": [each.as_json() for each in told],
                "messages": chosen.messages(),
                "notes": chosen.notes(),
            }
        )
    else:
        if problems:
            answer(render_problems(problems) + "\n")
        for line in _read_back_lines(told, chosen.messages()):
            answer(line)
        for note in chosen.notes():
            answer(note)
        answer(_counted(len(chosen.file_names()), problems, told))
    if has_errors(problems):
        raise typer.Exit(WRONG)


def _now(settings: Settings | None) -> Millis:
    """Shop time. Where nobody can have set another clock no settings are read for it."""
    from stamgast.clock.shop_time import RealClock

    if settings is None and "STAMGAST_CLOCK" not in os.environ and not Path(".env").exists():
        return RealClock().now()
    return (settings or read_settings()).make_clock().now()


def _read_back_lines(told: Sequence[ToldRule], messages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Each rule in a sentence, and what the longest SMS of each template comes to."""
    for each in told:
        yield f"{each.merchant} {each.rule} ({each.status}): {each.sentence}"
    for size in messages:
        parts = "1 part" if size["parts"] == 1 else f"{size['parts']} parts"
        costs = f", {size['price']}" if size["price"] else ""
        yield f"{size['merchant']} SMS {size['template']} ({size['language']}): at most {parts}{costs}"
    if told or messages:
        yield ""


def _counted(files: int, problems: Sequence[Problem], told: Sequence[ToldRule]) -> str:
    """How many files and rules there are, by status, and whether anything is wrong with them."""
    statuses = Counter(each.status for each in told)
    order = [status for status in RuleStatus if statuses[status]]
    by_status = ", ".join(f"{statuses[status]} {status}" for status in order)
    rules = "1 rule" if len(told) == 1 else f"{len(told)} rules"
    wrong = sum(each.severity == "error" for each in problems)
    warned = len(problems) - wrong
    if not problems:
        said = "nothing wrong with them"
    else:
        said = f"{wrong} {'error' if wrong == 1 else 'errors'}, {warned} {'warning' if warned == 1 else 'warnings'}"
    return f"{so_many(files, 'file')}, {said}. {rules}{f': {by_status}' if by_status else ''}."


@app.command("test")
def run(
    paths: Paths = None,
    *,
    merchant: OfMerchant = None,
    parameters: Annotated[
        Path | None,
        typer.Option(help="What `clv fit --out` wrote: the model that rules on chances and values ask."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the tests that stand in the rules, through the engine itself, in virtual time."""
    from rules.yaml.problems import has_errors, render_problems
    from stamgast.programs.rule_files import files_at
    from stamgast.programs.rule_tests import run_tests

    chosen = files_at(paths_meant(read_settings, paths, merchant)[0], _model(parameters))
    if not chosen.folders:
        misuse(chosen.complaint)
    problems = chosen.problems(whole_merchants=True)
    results = [
        (loaded.program.merchant, result)
        for loaded in chosen.loaded
        if loaded.ok
        for result in run_tests(loaded)
        if chosen.covers(result.case.file)
    ]
    failed = sum(not result.passed for _, result in results)
    if as_json:
        print_json(
            {
                "passed": len(results) - failed,
                "failed": failed,
                "cases": [_case_json(merchant, result) for merchant, result in results],
                "problems": [each.as_json() for each in problems],
            }
        )
    else:
        for whose, result in results:
            _tell_case(whose, result)
        if problems:
            say(render_problems(problems))
        answer(f"{len(results) - failed} passed, {failed} failed")
    if failed or has_errors(problems):
        raise typer.Exit(WRONG)


@app.command()
def why(
    merchant: Annotated[str, typer.Argument(help="The merchant, unless --merchant says it.")] = "",
    identifier: Annotated[
        str, typer.Argument(help="Customer id, phone or membership number; without one, --rule counts over all.")
    ] = "",
    *,
    whose: Annotated[str | None, typer.Option("--merchant", help="The merchant.")] = None,
    rule: Annotated[str | None, typer.Option(help="This rule only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a customer got a message, or did not: what fired, what became of it, how each condition stands now.

    Without a customer, with --rule: how often it fired, which condition turned it down, what withheld its messages.
    """
    merchant, identifier = _named(merchant, identifier, whose)
    if not identifier:
        _count_why(merchant, rule, as_json=as_json)
        return
    from stamgast.commands.finding import find
    from stamgast.people.why import explain_customer, rules_told_of

    settings = load_settings()
    found = find(settings, merchant, identifier)
    rules = rules_told_of(found.state, found.bundle)
    if rule is not None and rule not in rules:
        near = nearest(rule, rules)
        fail(f"there is no rule {rule!r}" + (f"; did you mean {near!r}?" if near else ""))
    told = explain_customer(found.state, found.bundle, settings.make_clock().now(), rule, found.customer_id)
    if as_json:
        print_json({"merchant": merchant, "customer": found.customer_id, "rules": told})
        return
    answer(f"{merchant} {found.customer_id}")
    for each in told:
        for line in _why_lines(each, found.bundle.program.time_zone):
            answer(line)


@app.command()
def schema(
    which: Annotated[
        str, typer.Argument(metavar="[rule|program|content]", help="Of a rule's file, of program.yaml or of contents/.")
    ] = "rule",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="It is JSON already; taken for uniformity.")] = False,  # noqa: ARG001
) -> None:
    """Print the JSON Schema of a kind of file, for editors that complete and underline."""
    from rules.schema import SCHEMAS, as_file

    if which not in SCHEMAS:
        fail(f"there is no schema of {which!r}; there are {', '.join(SCHEMAS)}")
    answer(as_file(SCHEMAS[which]()).rstrip())


def _named(merchant: str, identifier: str, whose: str | None) -> tuple[str, str]:
    """Merchant and customer: one word beside `--merchant` is the customer."""
    if whose is None:
        if not merchant:
            misuse("name the merchant: rules why MERCHANT CUSTOMER, or with --merchant")
        return merchant, identifier
    if not identifier:
        return whose, merchant
    if merchant != whose:
        misuse(f"two merchants are named, {merchant} and --merchant {whose}: leave one out")
    return merchant, identifier


def _count_why(merchant: str, rule: str | None, *, as_json: bool) -> None:
    """Tell of a rule over all customers."""
    import asyncio

    from stamgast.commands.finding import Reasons
    from stamgast.lookup import count_rule

    if rule is None:
        misuse("name a customer, or a rule with --rule")
    with Reasons():
        counts = asyncio.run(count_rule(load_settings(), merchant, rule))
    if as_json:
        print_json({"merchant": merchant, "rule": rule} | counts.as_json())
        return
    answer(f"{merchant} {rule}")
    for line in counts.lines():
        answer(line)


def _why_lines(told: dict[str, Any], zone: str) -> Iterator[str]:
    from stamgast.clock.shop_time import on_the_wall
    from stamgast.people.occasion_words import in_words

    dates = "".join(f", {word} {told[word]}" for word in ("starts", "ends") if told[word])
    when = f": when {told['when']}" if told["when"] else ""
    yield f"\n{told['rule']} ({told['status']}{dates}){when}"
    if told["fired_for"]:
        yield f"  fired for {', '.join(in_words(told['fired_for'], zone))}"
    else:
        yield "  has not fired"
    if told["last"]:
        asked = on_the_wall(told["last"]["at"], zone) if told["last"]["at"] else "so long ago that only its end is kept"
        yield f"  last asked {asked}: {told['last']['because']}"
    marks = {True: "yes", False: "no ", None: "?  "}
    for each in told["conditions"]:
        found = f"  (now: {each['found']})" if each["found"] else ""
        yield f"  {marks[each['met']]} {each['says']}{found}"
    for each in told["activations"]:
        words = each["why"] or each["reason"]
        because = f": {words}" if words else ""
        over = f" by {each['channel']}" if each["channel"] else ""
        until = (
            f", looked at again {on_the_wall(each['release_at'], zone)}"
            if each["status"] == Status.HELD and each["release_at"]
            else ""
        )
        decided = on_the_wall(each["decided_at"], zone)
        yield f"  {decided} {each['template'] or 'an offer'}{over}: {each['status']}{because}{until}"
    for each in told["vouchers"]:
        given, ends = (on_the_wall(each[name], zone) for name in ("given_at", "ends_at"))
        yield f"  {given} gave {each['reward']}: {each['state']}, valid until {ends.partition(' ')[0]}"


def _model(parameters: Path | None) -> dict[str, Any] | None:
    import msgspec

    from stamgast.clv.models.parameter_file import ParameterFileError, read_parameters

    if parameters is None:
        return None
    try:
        found: dict[str, Any] = msgspec.to_builtins(read_parameters(parameters))
    except ParameterFileError as error:
        fail(str(error))
    return found


def _case_json(merchant: str, result: Any) -> dict[str, Any]:
    case = result.case
    return {
        "merchant": merchant,
        "rule": case.rule,
        "name": case.name,
        "passed": result.passed,
        "missing": list(result.missing),
        "unexpected": list(result.unexpected),
        "happened": list(result.happened),
        "withheld": [_withheld_json(each) for each in result.withheld],
        "rules": list(result.rules),
        "held_out_of": list(case.held_out_of),
        "variant": case.variant,
        "file": case.file,
        "line": case.line,
    }


def _withheld_json(happening: Any) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    return {
        "rule": happening.rule,
        "what": happening.what,
        "offers": list(happening.data.get("offers", ())),
        "because": happening.reason,
        "at": format_time(happening.at),
    }


def _tell_case(merchant: str, result: Any) -> None:
    case = result.case
    answer(f"{'ok    ' if result.passed else 'FAILED'} {merchant} {case.rule}: {case.name}")
    if result.passed:
        return
    answer(f"       {case.file}:{case.line}")
    for line in (*result.missing, *result.unexpected):
        answer(f"       {line}")
    answer("       what happened:" if result.happened else "       nothing happened")
    for line in result.happened:
        answer(f"         {line}")
