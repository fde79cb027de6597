"""The settings of a single Kafka node in KRaft mode that development and tests run."""

from __future__ import annotations

KAFKA_VERSION = "4.1.1"


def node_properties(*, port: int, controller_port: int, log_dir: str, listen_on: str = "127.0.0.1") -> dict[str, str]:
    """Return server properties: small, quick to start, topics made on purpose only.

    The least session timeout is lowered so that tests of dead workers need not wait Kafka's usual six seconds.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://{listen_on}:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": log_dir,
        "num.partitions": "8",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "broker.heartbeat.interval.ms": "500",
        # A broker that crashed may come back after so long; but one that a busy machine starves for so long is taken
        # for dead, and clients that ask then are told of no broker at all.
        "broker.session.timeout.ms": "5000",
        "auto.create.topics.enable": "false",
        "log.cleaner.dedupe.buffer.size": "16777216",
    }
