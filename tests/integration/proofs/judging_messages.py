"""What people got, against what the rules promised them by the log."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.integration.proofs.judging import Log, Verdict
from tests.oracle_customers import Key, Wanted

SENT = {"accepted", "sending", "sent", "delivered", "read", "undelivered"}
"""Statuses of what the carrier took. It may also refuse, and then the attempt `failed`."""


@dataclass(frozen=True)
class Excuses:
    """Why a message that was promised may not have gone out after all."""

    stopped: frozenset[Key] = frozenset()
    """Who said STOP."""
    gone: frozenset[str] = frozenset()
    """Rules that were taken out of force while messages of theirs waited."""
    strangers: frozenset[Key] = frozenset()
    """Whose phone nobody knows."""

    def cover(self, name: tuple[Key, str, str], status: str) -> bool:
        """Say whether that is the reason."""
        stopped = name[0] in self.stopped and status in {"suppressed opted_out", "failed opted_out"}
        unknown = name[0] in self.strangers and status == "suppressed no_address"
        return stopped or unknown or (name[1] in self.gone and status == "suppressed rule_not_live")


def judge_messages(
    verdict: Verdict,
    wanted: Mapping[tuple[Key, str, str], Wanted],
    notes: Log,
    posts: list[dict[str, Any]],
    excuses: Excuses,
) -> None:
    """Each message that was promised went out once or is shown as unproven; no other one went out."""
    accepted = Counter(activation_of(post) for post in posts if post["accepted"])
    verdict.wrong += [f"{id_} was accepted {count} times" for id_, count in accepted.items() if count > 1]
    status: dict[str, str] = {}
    found: dict[tuple[Key, str, str], list[str]] = defaultdict(list)
    decided: set[str] = set()
    for each in (json.loads(r.value) for records in notes.values() for r in records):
        if each["kind"] == "decided":
            decided.add(each["activation"])
        elif each["kind"] == "outcome":
            status[each["activation"]] = f"{each['status']} {each.get('reason', '')}".strip()
        if each["kind"] in {"decided", "outcome"}:  # what is suppressed at once has only an outcome
            names = found[(each["merchant"], each["customer"]), each["rule"], each["occasion"]]
            if each["activation"] not in names:
                names.append(each["activation"])
    verdict.sent = sum(accepted.values())
    unknown = set(accepted) - decided
    verdict.wrong += [f"{id_} was accepted, and nobody decided it" for id_ in unknown]
    for name, ids in found.items():
        if name not in wanted and any(accepted[id_] for id_ in ids):
            verdict.wrong.append(f"{name} went out, and no rule asked for it")
    for name, want in wanted.items():
        _judge_one(verdict, name, want, [(accepted[i], status.get(i, "")) for i in found[name]], excuses)


def _judge_one(
    verdict: Verdict, name: tuple[Key, str, str], want: Wanted, found: list[tuple[int, str]], excuses: Excuses
) -> None:
    sent = sum(count for count, _ in found)
    unproven = sum(1 for count, status in found if not count and status.startswith("in_doubt"))
    lies = [status for count, status in found if not count and status.split(" ")[0] in SENT]
    verdict.unproven += unproven
    if lies:
        verdict.wrong.append(f"{name} is said to be {lies}, and was never accepted")
    if want.taken_back or want.times > 1:
        verdict.undecided += 1
        if sent + unproven > 1:
            verdict.wrong.append(f"{name} was taken back and promised again, and went out {sent + unproven} times")
    elif want.verdict == "send":
        verdict.expected += 1
        suppressed = any(excuses.cover(name, status) for _, status in found)
        if sent + unproven != 1 and not suppressed:
            verdict.wrong.append(f"{name} went out {sent} times, unproven {unproven}: {found}")
    elif sent + unproven:
        verdict.wrong.append(f"{name} must not go out ({want.verdict}), and did: {found}")


def activation_of(post: Mapping[str, Any]) -> str:
    """The activation that a POST was for, from its callback's URL."""
    return parse_qs(urlsplit(post["status_callback"] or "").query).get("x", ["?"])[0]
