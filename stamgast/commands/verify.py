"""`stamgast verify`: compare the live state with a recomputation from the log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, load_settings, misuse, new_app, print_json

if TYPE_CHECKING:
    from stamgast.verifying import Report

SHOWN = 50
"""Differences listed at most; all are counted."""

app = new_app("Compare the live state with a recomputation.")


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Fold every partition from its records alone and compare each customer, ledger, counter and transaction."""
    from aiokafka.errors import KafkaError

    from stamgast.clock import is_real
    from stamgast.identity.sealing import decode_key
    from stamgast.log.topics import Topics, TopicsError, check_topics
    from stamgast.state.errors import StateError
    from streams.verifying import verify_all

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        key = decode_key(settings.id_key.get_secret_value(), "ID_KEY")
    except ValueError as error:
        misuse(str(error))
    try:
        check_topics(settings.kafka_bootstrap, topics)
        real_time = is_real(settings.clock)
        report = asyncio.run(verify_all(settings.kafka_bootstrap, settings.redis_url, topics, key, real_time=real_time))
    except (TopicsError, KafkaError, StateError) as error:
        fail(str(error))
    if as_json:
        print_json(as_json_document(report))
    else:
        tell(report)
    raise typer.Exit(0 if report.equal else WRONG)


def as_json_document(report: Report) -> dict[str, Any]:
    """Return what `verify --json` and `rebuild --json` answer."""
    return {
        "equal": report.equal,
        "customers": report.customers,
        "transactions": report.transactions,
        "behind": report.behind,
        "differences": report.differences[:SHOWN],
        "different": len(report.differences),
    }


def tell(report: Report) -> None:
    """Say it for people."""
    for difference in report.differences[:SHOWN]:
        answer(difference)
    verdict = "equal" if report.equal else f"{len(report.differences)} differences"
    behind = f" (of what is applied: {report.behind:,} records are still to come)" if report.behind else ""
    answer(f"{report.customers} customers, {report.transactions} transactions: {verdict}{behind}")
