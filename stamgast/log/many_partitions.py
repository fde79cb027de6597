"""Partitions of many keys at once: murmur2 over columns of words, a tenth of the price of one key after another.

Intake looks at the key of every record, and every transaction's is new, so nothing can be remembered of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stamgast.log.partitioning import SEED, M, murmur2

FEW: Final = 12
"""Of keys of one length; below that numpy's own overhead is more than it saves."""

SHORT: Final = 4
"""Bytes; shorter keys have no whole word."""
_M: Final = np.uint32(M)


def partitions_for(keys: Sequence[bytes], partitions: int) -> list[int]:
    """Return the partition of each key among so many, as `stamgast.log.partitioning.partition_for` does."""
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        by_length[len(key)].append(place)
    found = [0] * len(keys)
    for length, places in by_length.items():
        if len(places) < FEW or length < SHORT:
            hashes = [murmur2(keys[place]) for place in places]
        else:
            hashes = _hash_all(b"".join([keys[place] for place in places]), length).tolist()
        for place, hashed in zip(places, hashes, strict=True):
            found[place] = (hashed & 0x7FFFFFFF) % partitions
    return found


def _hash_all(joined: bytes, length: int) -> NDArray[np.uint32]:
    """Hash keys of the same length that stand one after another."""
    table = np.frombuffer(joined, dtype=np.uint8).reshape(-1, length)
    words = length >> 2
    columns = np.ascontiguousarray(table[:, : words << 2]).view("<u4").astype(np.uint32)
    h = np.full(len(table), SEED ^ length, dtype=np.uint32)
    for index in range(words):
        k = columns[:, index] * _M
        k ^= k >> np.uint32(24)
        h = h * _M ^ k * _M
    if length & 3:
        for shift, byte in enumerate(range(words << 2, length)):
            h ^= table[:, byte].astype(np.uint32) << np.uint32(8 * shift)
        h *= _M
    h ^= h >> np.uint32(13)
    h *= _M
    h ^= h >> np.uint32(15)
    return h
