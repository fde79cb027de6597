"""What can go wrong between an owner and its state. Every one of them ends in taking the partition again."""

from __future__ import annotations


class StateError(Exception):
    """Redis did not do what was asked; nothing of the step was applied, or it is not known to be."""


class SessionEndedError(StateError):
    """The connection is gone (Redis away, restarted, failed over): what was taken over it is no longer ours."""


class RefusedError(StateError):
    """Redis answered with an error of its own, such as LOADING or OOM."""


class FencedError(StateError):
    """Another owner took the partition: this one's token is no longer in its meta."""


class StaleError(StateError):
    """The watermark is not the expected one."""

    def __init__(self, watermark: int) -> None:
        super().__init__(f"the watermark is {watermark}")
        self.watermark = watermark
