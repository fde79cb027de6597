"""Our partitions are the Java client's."""

import random

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from kafka.partitioner.default import murmur2 as kafka_python_murmur2

from stamgast.log.many_partitions import FEW, partitions_for
from stamgast.log.partitioning import murmur2, partition_for


@pytest.mark.parametrize(
    ("text", "signed"),
    [  # from Apache Kafka's own UtilsTest
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_the_one_of_apache_kafka_s_own_tests(text: bytes, signed: int):
    assert murmur2(text) == signed & 0xFFFFFFFF


def test_the_hash_agrees_with_aiokafka_and_kafka_python_for_every_length():
    dice = random.Random(17)
    for length in range(200):
        data = dice.randbytes(length)
        assert murmur2(data) == aiokafka_murmur2(data) & 0xFFFFFFFF == kafka_python_murmur2(data) & 0xFFFFFFFF


def test_a_partition_is_one_of_those_there_are():
    assert {partition_for(b"bakkerij-noord:c%d" % n, 8) for n in range(1000)} == set(range(8))


def test_many_keys_at_once_have_the_partitions_that_each_has_alone():
    dice = random.Random(23)
    keys = [dice.randbytes(length) for length in range(70) for _ in range(FEW + length % 3 - 1)]
    dice.shuffle(keys)
    assert partitions_for(keys, 12) == [partition_for(key, 12) for key in keys]
    assert partitions_for([], 12) == []
