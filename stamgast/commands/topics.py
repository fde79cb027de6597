"""`stamgast topics`: create them, check them, or take a new cluster for ours."""

from __future__ import annotations

from stamgast.commands.answering import AsJson, answer, fail, load_settings, new_app, print_json, say

app = new_app("Create the topics, or adopt a new cluster.", no_args_is_help=True)


@app.callback()
def topics() -> None:
    """Create the topics, or adopt a new cluster."""


@app.command()
def create(*, as_json: AsJson = False) -> None:
    """Create the topics that are missing and check all of them; run it as often as you like."""
    from stamgast.log.topics import Topics, TopicsError, create_topics, differing_settings

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        cluster = create_topics(settings.kafka_bootstrap, topics, replication_factor=settings.replication_factor)
        different = [] if cluster.is_embedded else differing_settings(settings.kafka_bootstrap, topics)
    except TopicsError as error:
        fail(str(error))
    for difference in different:
        say(f"note: {difference}")
    if as_json:
        print_json({"cluster": cluster.id, "topics": cluster.topic_ids, "partitions": settings.partitions})
    else:
        answer(f"{len(cluster.topic_ids)} topics are there on cluster {cluster.id}")
