"""How commands find the customer they are asked about, and what they say if there is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from stamgast.commands.answering import fail, misuse

if TYPE_CHECKING:
    from stamgast.lookup import Found
    from stamgast.settings import Settings


def find(settings: Settings, merchant: str, identifier: str) -> Found:
    """Return the customer, or say what is wrong and exit."""
    from aiokafka.errors import KafkaError

    from stamgast.bootstrap import SettingsError
    from stamgast.log.topics import TopicsError
    from stamgast.lookup import NotFoundError, find_customer
    from stamgast.state.errors import StateError

    try:
        return asyncio.run(find_customer(settings, merchant, identifier))
    except SettingsError as error:
        misuse(str(error))
    except (NotFoundError, TopicsError, KafkaError, StateError, TimeoutError) as error:
        fail(str(error) or "Redis or Kafka did not answer in time")
