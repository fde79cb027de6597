"""What a message of a backtest would have said, how many SMS parts it takes, and what it costs.

Nobody's name is known there: a name of middling length stands in for all of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from channels.model import Prepared, Refusal
from channels.sample import prepare_sample
from stamgast.domain.activation import Submission
from stamgast.domain.channels import Priced, channel_named, spec_of
from stamgast.domain.message_words import message_variables
from stamgast.domain.program import Program

STAND_IN: Final = "Marieke"


class Looks(NamedTuple):
    """SMS parts (0 for what is none, or cannot be prepared), its price in thousandths of a minor unit, and why it could
    not have been sent, in a sentence (empty if it could).
    """

    parts: int
    mills: int
    refusal: str


class Previews:
    """Messages of one programme. What differs in nothing that is read is prepared once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[tuple[str, ...], Looks] = {}

    def looks(self, submission: Submission) -> Looks:
        """What is known of it without reading it."""
        words = self._words(submission)
        if voucher := words.get("voucher"):  # all codes are alike in their length and letters
            voucher |= {name: "X" * len(voucher[name]) for name in ("code", "long_code")}
        said = (value for name in sorted(words) for value in words[name].values())
        key = (submission.template, submission.channel, submission.language, *said)
        if key not in self._known:
            self._known[key] = self._look(submission, words)
        return self._known[key]

    def text(self, submission: Submission) -> str:
        """What a person would have read: the text, or an approved template's ContentSid and what it is filled with."""
        prepared = self._prepare(submission, self._words(submission))
        if not isinstance(prepared, Prepared):
            return self._refusal(submission, prepared)
        if prepared.body:
            return prepared.body
        filled = ", ".join(f"{name}: {value}" for name, value in prepared.content_variables.items())
        return f"{prepared.content_sid} ({filled})" if filled else prepared.content_sid

    def _words(self, submission: Submission) -> dict[str, dict[str, str]]:
        return message_variables(
            self._program, submission.data, submission.language, first_name=STAND_IN, name=STAND_IN
        )

    def _look(self, submission: Submission, words: dict[str, dict[str, str]]) -> Looks:
        prepared = self._prepare(submission, words)
        price = self._program.costs.contact_costs.get(submission.channel, 0)
        if not isinstance(prepared, Prepared):
            return Looks(0, price, self._refusal(submission, prepared))
        parts = prepared.parts.count if prepared.parts else 0
        by_part = spec_of(submission.channel).priced is Priced.PART
        return Looks(parts, price * max(parts, 1) if by_part else price, "")

    def _refusal(self, submission: Submission, prepared: Refusal | None) -> str:
        if prepared is None:
            return f"template {submission.template} has no wording for {submission.channel}"
        return prepared.reason

    def _prepare(self, submission: Submission, words: dict[str, dict[str, str]]) -> Prepared | Refusal | None:
        template = self._program.templates.get(submission.template)
        if template is None:
            return None
        channel = channel_named(submission.channel)
        return prepare_sample(self._program, template, channel, submission.language, words)
