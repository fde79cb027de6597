"""Stands for a partition that a worker owns, where a job's step is all that is looked at."""

from types import SimpleNamespace
from typing import Any

from stamgast.state import keys


class Partition:
    """An owned partition over states in a dict."""

    def __init__(self, names: keys.PartitionKeys, own: Any, stored: dict[str, bytes] | None = None) -> None:
        async def read(wanted: list[str], *commands: Any) -> list[Any]:
            return [(stored or {}).get(name) for name in wanted] + [[] for _ in commands]

        self.lease = SimpleNamespace(read=read, keys=names, meta={}, watermark=-1)
        self.own = own
        self.number = int(names.tag[1:])
        self.topic_id = "p"

    def is_repeated(self, _: Any) -> bool:
        return False
