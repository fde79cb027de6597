"""`stamgast verify`: compare the live state with a recomputation from the log."""

from __future__ import annotations

import asyncio

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, load_settings, misuse, new_app, print_json

app = new_app("Compare the live state with a recomputation.")


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Fold every partition from its records alone and compare each customer, ledger, counter and transaction."""
    from aiokafka.errors import KafkaError

    from stamgast.identity.sealing import decode_key
    from stamgast.identity.voucher_key import derive_voucher_key
    from stamgast.log.topics import Topics, TopicsError, check_topics
    from stamgast.state.errors import StateError
    from stamgast.verifying import SHOWN
    from streams.verifying import verify_all

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        key = derive_voucher_key(decode_key(settings.id_key.get_secret_value(), "ID_KEY"))
    except ValueError as error:
        misuse(str(error))
    try:
        check_topics(settings.kafka_bootstrap, topics)
        report = asyncio.run(verify_all(settings.kafka_bootstrap, settings.redis_url, topics, key))
    except (TopicsError, KafkaError, StateError) as error:
        fail(str(error))
    if as_json:
        print_json(
            {
                "equal": report.equal,
                "customers": report.customers,
                "transactions": report.transactions,
                "differences": report.differences[:SHOWN],
                "different": len(report.differences),
            }
        )
    else:
        for difference in report.differences[:SHOWN]:
            answer(difference)
        verdict = "equal" if report.equal else f"{len(report.differences)} differences"
        answer(f"{report.customers} customers, {report.transactions} transactions: {verdict}")
    raise typer.Exit(0 if report.equal else WRONG)
