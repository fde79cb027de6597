"""Which partition a key belongs to: Kafka's own murmur2, as the Java client, kafka-python and aiokafka compute it.

librdkafka's default is another one (crc32); records from such a producer are re-appended by intake.
"""

from functools import lru_cache
from struct import unpack_from

SEED = 0x9747B28C
M = 0x5BD1E995
_MASK = 0xFFFFFFFF


@lru_cache(maxsize=1 << 16)
def partition_for(key: bytes, partitions: int) -> int:
    """Return the partition of a key among so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return Kafka's 32-bit murmur2 hash of some bytes, unsigned."""
    length = len(data)
    h = SEED ^ length
    words = length >> 2
    for word in unpack_from(f"<{words}I", data):
        k = word * M & _MASK
        h = (h * M ^ (k ^ k >> 24) * M) & _MASK  # masked once: masking can wait until after the exclusive or
    rest = length & 3
    if rest:
        h = (h ^ int.from_bytes(data[length - rest :], "little")) * M & _MASK
    h = (h ^ h >> 13) * M & _MASK
    return h ^ h >> 15
