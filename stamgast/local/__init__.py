"""A real broker and a real Redis for development, tests and benchmarks, started on this machine.

`brokers.open_broker` and `redis_server.open_redis` choose what is there, in this order:

- broker: an address that is given, a Docker engine, Apache Kafka from its Maven jars (JDK 17), the embedded one;
- Redis: a URL that is given, `redis-server` or `valkey-server` on PATH, the embedded one.

Everything here blocks; call it from a thread where a loop must stay free.
"""
