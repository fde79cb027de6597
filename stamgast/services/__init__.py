"""A real broker and a real Redis for development, tests and benchmarks, started on this machine.

`open_broker` and `open_redis` choose what is there, in this order:

- broker: an address that is given, a Docker engine, Apache Kafka from its Maven jars (JDK 17), the embedded one;
- Redis: a URL that is given, `redis-server` or `valkey-server` on PATH, the embedded one.

Everything here blocks; call it from a thread where a loop must stay free.
"""

from stamgast.services.brokers import Broker, open_broker
from stamgast.services.redis_server import RedisServer, open_redis

__all__ = ["Broker", "RedisServer", "open_broker", "open_redis"]
