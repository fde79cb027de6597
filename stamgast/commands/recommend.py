"""`stamgast recommend`: what customers buy next, counted in the shop's own log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, new_app, print_json, say
from stamgast.commands.signing import who_of
from stamgast.commands.stamping import stamp

if TYPE_CHECKING:
    from stamgast.domain.program import Program
    from stamgast.domain.recommendations import Fitted, Table
    from stamgast.programs.recommend_fit import Refit
    from stamgast.settings import Settings

app = new_app("Find out what customers buy next, for the action `recommend`.", no_args_is_help=True)

Merchant = Annotated[str, typer.Option("--merchant", "-m", help="Whose customers.")]
_SHOWN = 10


@app.command()
def fit(
    merchant: Merchant,
    *,
    force: Annotated[bool, typer.Option("--force", help="Publish it although it is worse, or says nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count what was bought next, try it on the newest fifth of the purchases, and bring it into force."""
    settings = load_settings()
    found, refusal, barrier = _guarded(_fit(settings, merchant, force=force))
    if as_json:
        print_json(_document(found, refusal, barrier))
        return
    _show_fit(found)


@app.command()
def show(
    merchant: Annotated[str, typer.Argument(help="Whose.")],
    sku: Annotated[str, typer.Argument(help="The product that was bought.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what is recommended after a product, and why."""
    settings = load_settings()
    program = _guarded(_in_force(settings, merchant))
    document = _shown(program, sku)
    if document is None:
        fail(_unknown(program, sku))
    if as_json:
        print_json(document)
        return
    answer(f"{document['name'] or sku} ({sku})" + (f", {document['category']}" if document["category"] else ""))
    for each in document["next"]:
        answer(f"  {each['name'] or each['sku']:<40} {each['sku']:<16} {each['because']}")
    if not document["next"]:
        answer("  nothing is bought after it often enough to be no accident")
    for word in ("category_best", "best"):
        names = ", ".join(each["name"] for each in document[word][:3])
        answer(f"  {'best of its category' if word == 'category_best' else 'best sellers'}: {names or 'none'}")


def _guarded(work: Any) -> Any:
    from aiokafka.errors import KafkaError

    from stamgast.log.producers import EmitError
    from stamgast.log.reading import LogTruncatedError
    from stamgast.log.topics import TopicsError

    try:
        return asyncio.run(work)
    except (LookupError, ValueError, TopicsError, KafkaError, EmitError, LogTruncatedError) as error:
        fail(str(error))


async def _fit(settings: Settings, merchant: str, *, force: bool) -> tuple[Refit, str, int | None]:
    from stamgast.log.topics import Topics, check_topics
    from stamgast.programs.recommend_fit import fit_shelf, put_into_force, read_shelf
    from stamgast.programs.refit import parameters_in_force
    from stamgast.recommendations.shelf import Shelf

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    bundle = (await parameters_in_force(kafka_of(settings), topics, merchant)).record
    now = await stamp(settings)
    with Shelf() as shelf:
        told = await read_shelf(kafka_of(settings), topics, merchant, shelf)
        say(f"read {told:,} records of purchases of {merchant}, with {len(shelf.skus):,} products")
        found = fit_shelf(shelf, bundle.goods)  # the file is open in this thread alone
    _tell(found)
    refusal = found.refusal
    if refusal and not force:
        say(f"not published: {refusal}; --force publishes it all the same")
        return found, refusal, None
    if refusal:
        say(f"published all the same: {refusal}")
    in_force = await put_into_force(
        kafka_of(settings, to_append=True), topics, merchant, found.fitted, now, who=who_of(settings)
    )
    say(f"{merchant}: version {found.fitted.version} comes into force with barrier {in_force.number}")
    return found, refusal, in_force.number


def _tell(found: Refit) -> None:
    if found.nameless:
        say(f"note: {found.nameless:,} products have no name in any purchase, and are not recommended")
    if found.left_out:
        say(f"note: {found.left_out:,} lines are of more products than are told apart, and were left out")
    tried = found.fitted.held
    if tried is not None and tried.customers:
        from stamgast.domain.recommendations import tried_in_words

        say(tried_in_words(tried))


def _document(found: Refit, refusal: str, barrier: int | None) -> dict[str, Any]:
    fitted, tried = found.fitted, found.fitted.held
    return {
        "version": fitted.version,
        "products": len(fitted.after),
        "products_bought": found.products_bought,
        "purchases": fitted.purchases,
        "customers": fitted.customers,
        "as_of": fitted.as_of,
        "hit_rate": None if tried is None or not tried.customers else tried.hit_rate,
        "baseline": None if tried is None or not tried.customers else tried.baseline,
        "holdout": tried,
        "nameless": found.nameless,
        "was": None if found.in_force is None else found.in_force.version,
        "published": barrier is not None,
        "barrier": barrier,
        "refusal": refusal or None,
    }


def _show_fit(found: Refit) -> None:
    fitted, tried = found.fitted, found.fitted.held
    answer(f"{'version':<12} {fitted.version}")
    answer(f"{'products':<12} {len(fitted.after):,} with something that is bought next, of {found.products_bought:,}")
    answer(f"{'purchases':<12} {fitted.purchases:,} of {fitted.customers:,} customers, up to {fitted.as_of}")
    if tried is not None and tried.customers:
        answer(f"{'hit rate':<12} {tried.hit_rate:.1%} of {tried.customers:,} customers, from {tried.cut} on")
        answer(f"{'baseline':<12} {tried.baseline:.1%} by the best seller")


async def _in_force(settings: Settings, merchant: str) -> Program:
    from stamgast.log.topics import Topics
    from stamgast.programs.record import load_record
    from stamgast.programs.refit import parameters_in_force

    topics = Topics(settings.partitions, settings.topic_prefix)
    return load_record((await parameters_in_force(kafka_of(settings), topics, merchant)).record).program


def _shown(program: Program, sku: str) -> dict[str, Any] | None:
    table, by_hand = program.goods, program.recommend
    product = table.product(sku)
    if product is None and sku not in by_hand.pairs:
        return None
    following = [_row(program, each, "as program.yaml says") for each in by_hand.pairs.get(sku, ())]
    following += [
        _row(program, each.sku, f"{chance / 100:.1f}% of those who come again", chance / 10_000)
        for each, chance in table.next_after(sku)
    ]
    fitted = table.fitted
    known = product is not None and product.category >= 0
    return {
        "sku": sku,
        "name": _name(program, sku),
        "category": fitted.categories[product.category] if known and product is not None else "",
        "version": fitted.version,
        "next": following,
        "category_best": [_row(program, each.sku, "best of its category") for each in table.best_like(sku)],
        "best": [_row(program, each.sku, "best seller") for each in table.best[:_SHOWN]],
        "hit_rate": None if fitted.held is None else fitted.held.hit_rate,
        "baseline": None if fitted.held is None else fitted.held.baseline,
    }


def _row(program: Program, sku: str, because: str, chance: float | None = None) -> dict[str, Any]:
    return {
        "sku": sku,
        "name": _name(program, sku),
        "chance": chance,
        "because": because,
        "out_of_stock": sku in program.recommend.out_of_stock,
    }


def _name(program: Program, sku: str) -> str:
    from stamgast.domain.recommendations import name_of

    return name_of(sku, program.goods, program.recommend, program.languages[0])


def _unknown(program: Program, sku: str) -> str:
    from stamgast.domain.spelling import nearest

    table: Table = program.goods
    fitted: Fitted = table.fitted
    if not fitted.version:
        return f"nothing was fitted for {program.merchant} yet: `stamgast recommend fit --merchant {program.merchant}`"
    near = nearest(sku, [each.sku for each in fitted.products])
    hint = f"; did you mean {near}?" if near else ""
    return f"of {sku!r} nothing is known in version {fitted.version}{hint}"
