"""Invented people: the record shop's 2,357 customers and the bakery's regulars.

Their telephone numbers are made up by arithmetic; in a trial no message leaves the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stamgast.domain.vocabulary import Channel, Purpose

WORDING: Final = "trial-1"
_DUTCH: Final = (
    "Anna Bram Cato Cato Daan Floris Guusje Hugo Iris Joost Kaat Lars Mila Noud Otis Puck Roos Sem Tess Vera Wout"
)
_BRITISH: Final = "Alice Ben Clara Dylan Edith Frank Grace Harry Isla Jack"
_SOURCES: Final = ("walk_in", "walk_in", "fair", "friend", "flyer")
_SPREAD: Final = 7_919
"""A prime, so that neighbours in the log do not have neighbouring numbers."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to enrol. `channels` are those that may carry marketing messages; none: consents to nothing."""

    phone: str
    first_name: str
    language: str
    channels: tuple[str, ...]
    source: str

    def enrolment(self) -> Mapping[str, Any]:
        """Write the body of an enrolment."""
        return {
            "phone": self.phone,
            "first_name": self.first_name,
            "language": self.language,
            "acquisition_source": self.source,
            "consents": [
                {"purpose": Purpose.MARKETING, "channel": channel, "wording_version": WORDING, "source": "till"}
                for channel in self.channels
            ],
        }


def record_buyer(number: int) -> Person:
    """Invent the person behind a customer of the purchase log; the same one every time.

    One in six speaks English, one in ten agreed to no message at all, three in ten to text messages only.
    """
    british = number % 6 == 0
    names = (_BRITISH if british else _DUTCH).split()
    phone = f"+447400{number * _SPREAD % 1_000_000:06d}" if british else f"+3161{number * _SPREAD % 10_000_000:07d}"
    agreed = number * 7 % 10
    channels: tuple[str, ...] = () if agreed == 0 else (Channel.SMS,) if agreed <= 3 else tuple(Channel)
    return Person(phone, names[number % len(names)], "en" if british else "nl", channels, _SOURCES[number % 5])


def regular(number: int) -> Person:
    """Invent a regular of the bakery, who gladly hears from it over WhatsApp and text messages."""
    names = ("Marie", "Anna", "Bram", "Fatima", "Jules", "Lotte", "Pieter", "Noor", "Simone", "Ton")
    french = number % 5 in {3, 4}
    first_name = names[number % len(names)]
    return Person(f"+316290{number:05d}", first_name, "fr" if french else "nl", tuple(Channel), "walk_in")
