"""What can go wrong between an owner and its state. Every one of them ends in taking the partition again."""

from __future__ import annotations


class StateError(Exception):
    """Redis did not do what was asked; nothing of the step was applied, or it is not known to be."""


class SessionEndedError(StateError):
    """The connection is gone (Redis away, restarted, failed over): what was taken over it is no longer ours."""


class RefusedError(StateError):
    """Redis answered with an error of its own, such as OOM."""


class NotNowError(RefusedError):
    """Redis refused for a reason that passes: it is loading, its cluster is down, a slot is on its way."""


class MovedError(NotNowError):
    """The key's slot belongs to another node, or (`asking`) this key is there already while the others still come."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        code, slot, address = text.split(" ")[:3]
        host, _, port = address.rpartition(":")
        self.asking = code == "ASK"
        self.slot = int(slot)
        self.host = host
        """Empty for the host of the node that said so."""
        self.port = int(port)


class NoWritesError(RefusedError):
    """Redis answers and takes no writes just now: no memory is left, its disk refuses, its replicas are away."""


class UnfitError(RefusedError):
    """A step is not what the script takes: a fault of ours, found before anything was written."""


class SpoiltError(RefusedError):
    """A partition's state is not to be believed: a step of it was written half, or a key holds something else.

    Whoever takes the partition next fills it anew from Kafka.
    """


class ElsewhereError(StateError):
    """Another node than the partition's own could not be asked; what is here is still ours."""


class UncountedError(ElsewhereError):
    """A count over all partitions is not known: Redis lost it, and some have not handed in again what they sent."""


class FencedError(StateError):
    """Another owner took the partition: this one's token is no longer in its meta."""


class StaleError(StateError):
    """The watermark is not the expected one."""

    def __init__(self, watermark: int) -> None:
        super().__init__(f"the watermark is {watermark}")
        self.watermark = watermark
