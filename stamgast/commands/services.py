"""`stamgast services`: a broker and a Redis for development, until Ctrl-C."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, new_app, print_json, say

_LOOK_EVERY_S = 1.0

app = new_app("Run a development broker and Redis until Ctrl-C, and print their addresses.")


@app.command()
def services(
    *,
    as_json: AsJson = False,
    kafka_port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The broker's port (0: any).")] = None,
    redis_port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Redis's port (0: any).")] = None,
    create_topics: Annotated[bool, typer.Option("--topics/--no-topics", help="Create the topics too.")] = True,
    folder: Annotated[Path, typer.Option(help="Where jars are kept and data lies while it runs.")] = Path(".run"),
) -> None:
    """Run a development broker and Redis until Ctrl-C, and print their addresses as settings."""
    from stamgast.lifecycle.ending import Ending
    from stamgast.lifecycle.listening import CannotListenError, listening_on
    from stamgast.local.brokers import open_broker
    from stamgast.local.processes import ProcessError
    from stamgast.local.redis_server import open_redis
    from stamgast.log.topics import Topics, TopicsError
    from stamgast.log.topics import create_topics as create

    settings = load_settings()
    try:
        for port, option in ((kafka_port, "--kafka-port"), (redis_port, "--redis-port")):
            if port:
                with listening_on("127.0.0.1", port, settings=f"{option}; 0, or none, takes a free one"):
                    socket.create_server(("127.0.0.1", port)).close()  # before minutes go into starting the other one
        with Ending(), ExitStack() as stack:
            broker = stack.enter_context(open_broker(folder, port=kafka_port, say=say))
            redis = stack.enter_context(open_redis(folder, port=redis_port, say=say))
            if create_topics:
                create(broker.bootstrap, Topics(settings.partitions, settings.topic_prefix))
            if as_json:
                addresses = {"kafka_bootstrap": broker.bootstrap, "redis_url": redis.url}
                print_json({"broker": broker.description, "redis": redis.description, **addresses})
            else:
                answer(f"export STAMGAST_KAFKA_BOOTSTRAP={broker.bootstrap}")
                answer(f"export STAMGAST_REDIS_URL={redis.url}")
            _flush()
            say("running; Ctrl-C ends both and forgets their data")
            while True:
                time.sleep(_LOOK_EVERY_S)
                broker.check()
                redis.check()
    except KeyboardInterrupt:
        say("ended; nothing is left running")
    except CannotListenError as error:
        fail(str(error))
    except (ProcessError, TopicsError) as error:
        fail(f"{error}\nThe other one was ended too, and what both held is gone; nothing is left running.")


def _flush() -> None:
    import sys

    sys.stdout.flush()  # a script that reads our addresses from a pipe must get them now
