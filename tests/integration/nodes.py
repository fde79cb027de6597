"""A Redis Cluster of our own: three servers on loopback that know one another, and an administrator's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer, find_program
from stamgast.state.slots import SLOTS, slot_of
from tests.conftest import soon

NODES = 3
_AT_ONCE = 100


class Nodes:
    """Every node is a master with a third of the slots."""

    def __init__(self, folder: Path) -> None:
        self.servers: list[RedisServer] = []
        self.clients: list[redis.Redis] = []
        self._buses: list[int] = []
        self._folder = folder
        for _ in range(NODES):
            self._add()

    @property
    def urls(self) -> str:
        """Two of the nodes: the third must be found through them."""
        return ",".join(server.url for server in self.servers[:2])

    def start(self) -> None:
        """Start the nodes and make them one cluster."""
        for server in self.servers:
            server.start()
        bounds = [SLOTS * number // NODES for number in range(NODES + 1)]
        for number, client in enumerate(self.clients):
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            meeting = ("127.0.0.1", self._port(number), self._buses[number])
            self.clients[0].execute_command("CLUSTER", "MEET", *meeting)
        self.wait_until_whole()

    def fail_over(self, number: int) -> None:
        """Give a node a replica, kill it, and wait until the replica has its slots; the last that is done here."""
        masters = self.clients[:]
        master = masters[number].execute_command("CLUSTER", "MYID")
        self._add()
        self.servers[-1].start()
        replica = self.clients[-1]
        replica.execute_command("CLUSTER", "MEET", "127.0.0.1", self._port(number), self._buses[number])
        _wait(lambda: master in replica.execute_command("CLUSTER", "NODES"))
        replica.execute_command("CLUSTER", "REPLICATE", master)
        _wait(lambda: replica.info("replication").get("master_link_status") == "up")
        _wait(lambda: all(f":{self._port(-1)}@" in str(each.execute_command("CLUSTER", "NODES")) for each in masters))
        masters[number].wait(1, 5_000)
        self.servers[number].kill()
        _wait(lambda: replica.info("replication")["role"] == "master")

    def end(self) -> None:
        for client in self.clients:
            client.close()
        for server in self.servers:
            server.kill()

    def wait_until_whole(self) -> None:
        """Wait until every node can reach every slot."""
        _wait(lambda: all(self._is_whole(client) for client in self.clients))

    def start_again(self, number: int) -> None:
        """Start a node that was killed, with what its append-only file holds."""
        self.servers[number].start()
        self.wait_until_whole()

    def flush(self) -> None:
        for client in self.clients:
            client.flushall()

    def holder_of(self, key: str) -> int:
        """The number of the node that serves a key."""
        return self._holder(slot_of(key), self.clients[0])

    @contextmanager
    def moving(self, key: str) -> Iterator[None]:
        """Move a key's slot to the next node. Most of its keys go at once, this one when the context ends."""
        slot, source = slot_of(key), self.holder_of(key)
        target = (source + 1) % NODES
        ids = [client.execute_command("CLUSTER", "MYID").decode() for client in self.clients]
        self.clients[target].execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        self.clients[source].execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])

        def send(*staying: bytes) -> bool:
            keys = self.clients[source].execute_command("CLUSTER", "GETKEYSINSLOT", slot, _AT_ONCE)
            if going := set(keys) - set(staying):
                words = ("MIGRATE", "127.0.0.1", self._port(target), "", 0, 5_000, "KEYS", *going)
                self.clients[source].execute_command(*words)
            return bool(going)

        send(key.encode())
        yield
        while send():
            pass
        for number in (target, source, *(n for n in range(NODES) if n not in (target, source))):
            self.clients[number].execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
        _wait(lambda: self._agree(slot, target, ids[target]))

    def _agree(self, slot: int, holder: int, name: str) -> bool:
        """Whether every node has the slot's new holder at the epoch of its move.

        Until then a word of the old holder that is still under way turns the slot back for a moment.
        """
        epochs = {_epoch(client, name) for client in self.clients[:NODES]}
        return len(epochs) == 1 and all(self._holder(slot, client) == holder for client in self.clients[:NODES])

    def _holder(self, slot: int, client: redis.Redis) -> int:
        """Who serves a slot, as one node sees it."""
        for first, last, master, *_ in client.execute_command("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(n for n in range(NODES) if self._port(n) == master[1])
        raise AssertionError(f"nobody serves slot {slot}")

    def _add(self) -> None:
        port, bus = free_port(), free_port()
        more = {
            "--cluster-enabled": "yes",
            "--cluster-port": str(bus),
            "--cluster-node-timeout": "5000",
            "--cluster-require-full-coverage": "no",
        }
        folder = self._folder / f"node-{len(self.servers)}"
        self.servers.append(RedisServer(find_program(), folder, port=port, more=more))
        self.clients.append(redis.Redis(port=port))
        self._buses.append(bus)

    def _port(self, number: int) -> int:
        return int(self.servers[number].url.rpartition(":")[2].partition("/")[0])

    def _is_whole(self, client: redis.Redis) -> bool:
        told = client.execute_command("CLUSTER", "INFO").decode().splitlines()
        return {"cluster_state:ok", f"cluster_slots_ok:{SLOTS}", f"cluster_known_nodes:{NODES}"} <= set(told)


def _epoch(client: redis.Redis, name: str) -> str:
    """The configuration epoch of a node, as another sees it."""
    lines = client.execute_command("CLUSTER", "NODES").decode().splitlines()
    return next(words[6] for words in map(str.split, lines) if words[0] == name)


def _wait(question: Callable[[], bool]) -> None:
    soon(question, seconds=60, why="the Redis Cluster is not whole")
