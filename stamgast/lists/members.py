"""Rows of a list of customers -> enrolments as the door would read them, with what was said before and when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.names import LONGEST_FIRST_NAME
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel, Purpose
from stamgast.lists.receipts import Rejected, why_rejected
from stamgast.lists.survey import Survey
from stamgast.people.enrolment_request import EnrolmentRequest, check_birthday
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.sheets.cells import bare_cell, is_of_totals, wrong_cells
from stamgast.sheets.dates import EPOCH
from stamgast.sheets.lines import BadRow, Row
from stamgast.sheets.moments import read_written

_YES: Final = frozenset(
    [
        "yes",
        "y",
        "ja",
        "j",
        "oui",
        "o",
        "true",
        "waar",
        "vrai",
        "wahr",
        "1",
        "x",
        "v",
        "on",
        "aan",
        "ok",
        "granted",
        "opt-in",
        "opted_in",
    ]
)
_NO: Final = frozenset(
    [
        "no",
        "n",
        "nee",
        "nein",
        "non",
        "false",
        "onwaar",
        "faux",
        "falsch",
        "0",
        "-",
        "off",
        "uit",
        "withdrawn",
        "opt-out",
    ]
)
_NAMED: Final = ("phone", "membership_number", "provider_customer_id")
_SEVERAL: Final = re.compile(r"[+/&,;| ]+")
_LONG_AGO: Final[Millis] = 1
"""The least that is told as a moment: 0 says that nobody noted when."""


class Member(NamedTuple):
    """Somebody of the list."""

    line: int
    given: EnrolmentRequest
    joined: Millis
    """0: nobody says."""
    consents_since: tuple[Millis, ...]
    """Of each of their consents; 0: nobody says."""
    opted_out: bool


class _RowError(ValueError):
    """A row that cannot be read; the text says why."""


class Members:
    """Reads a list's rows for a merchant, as of a moment."""

    def __init__(self, survey: Survey, program: Program, at: Millis) -> None:
        self._survey, self._program, self._at = survey, program, at
        self._today = date_of(business_day(at, program.time_zone))

    def units(self) -> Iterator[Sequence[Row | BadRow]]:
        """Each row is somebody."""
        yield from ([row] for row in self._survey.all_rows())

    def read(self, unit: Sequence[Row | BadRow]) -> list[Member | Rejected]:
        """What a row says."""
        (row,) = unit
        try:
            return [self._member(row)]
        except _RowError as error:
            return [Rejected(row.line, why_rejected(row, str(error)))]

    def _member(self, row: Row | BadRow) -> Member:
        if isinstance(row, BadRow):
            raise _RowError(row.why)
        by_semicolons = self._survey.parted_by == ";"
        if wrong := wrong_cells(row.line, row.cells, self._survey.width, by_semicolons=by_semicolons):
            raise _RowError(wrong)
        consents = self._consents(row)
        document = self._document(row)
        if consents:
            document["consents"] = [each for each, _ in consents]
        try:
            given = EnrolmentRequest.model_validate(document)
            check_birthday(given.birthday or "", self._today)
        except ValidationError as error:
            raise _RowError(in_words(problems_of(error, EnrolmentRequest))) from None
        except RefusedError as error:
            raise _RowError(in_words(error.problems)) from None
        joined = self._when("joined", self._survey.cell(row, "joined"))
        out = self._truth("stop", self._survey.cell(row, "stop")) or False
        return Member(row.line, given, joined, tuple(since for _, since in consents), out)

    def _document(self, row: Row) -> dict[str, Any]:
        cell = self._survey.cell
        document: dict[str, Any] = {}
        for column in (*_NAMED, "name", "email"):
            if text := cell(row, column):
                document[column] = text
        named = [document[each] for each in _NAMED if each in document]
        if not named or is_of_totals(named):
            raise _RowError("nobody is named: there is no phone")
        if text := cell(row, "first_name"):
            document["first_name"] = text[: LONGEST_FIRST_NAME + 1]
            if "name" in document and text.casefold() not in document["name"].casefold():
                document["name"] = f"{text} {document['name']}"
        if text := cell(row, "language"):
            document["language"] = text.lower()[:2] if re.fullmatch(r"[A-Za-z]{2}([-_]\w+)?", text) else text
        if text := cell(row, "source"):
            document["acquisition_source"] = text.replace(" ", "-")
        if text := cell(row, "country"):
            document["region"] = text.upper()
        if text := cell(row, "birthday"):
            document["birthday"] = self._birthday(text)
        return document

    def _birthday(self, text: str) -> str:
        if re.fullmatch(r"-?-?\d{2}-\d{2}", text):  # month and day, as we write them
            return f"--{text.lstrip('-')}"
        try:
            moment = read_written(text, self._survey.order, self._program.time_zone)
        except ValueError as error:
            raise _RowError(f"birthday: {error}") from None
        return date.fromordinal(moment.day + EPOCH).isoformat()

    def _consents(self, row: Row) -> list[tuple[dict[str, Any], Millis]]:
        """What somebody agreed to or took back, and when; 0 where nobody says when."""
        cell = self._survey.cell
        how, when = cell(row, "consent_how"), self._when("consent_at", cell(row, "consent_at"))
        wording = cell(row, "wording") or how
        found: list[tuple[str, str, bool, Millis]] = []
        answer = cell(row, "consent")
        granted, since = self._granted("consent", answer) if answer else (True, 0)
        purposes, channels = cell(row, "purpose"), cell(row, "channel")
        if answer and granted and not (purposes and channels):
            raise _RowError("consent: to what? say `purpose` (marketing) and `channel` (sms, whatsapp)")
        if answer and not granted:  # a no is a no to all of it
            purposes = purposes or " ".join(each.value for each in Purpose if each is not Purpose.UTILITY)
            channels = channels or " ".join(each.value for each in Channel)
        found += [
            (purpose, channel, granted, since)
            for purpose in filter(None, _SEVERAL.split(purposes.lower()))
            for channel in filter(None, _SEVERAL.split(channels.lower()))
        ]
        for place, (purpose, channel) in self._survey.columns.consents.items():
            text = bare_cell(row.cells[place]) if place < len(row.cells) else ""
            if text:
                granted, since = self._granted(f"{purpose}_{channel}", text)
                found.append((purpose, channel, granted, since))
        if any(granted for *_, granted, _ in found) and not wording:
            raise _RowError(
                "a consent proves something only with how it was given: say `consent_how` or `wording`, in a column or "
                "under `constants:` of a mapping file"
            )
        return [
            (
                {"purpose": purpose, "channel": channel, "granted": granted}
                | ({"wording_version": wording[:100]} if granted else {})
                | ({"source": how[:100]} if how else {}),
                since or when,
            )
            for purpose, channel, granted, since in dict.fromkeys(found)
        ]

    def _granted(self, column: str, text: str) -> tuple[bool, Millis]:
        """Yes or no, or since when."""
        try:
            truth = self._truth(column, text)
        except _RowError as neither:
            try:
                return True, self._when(column, text)
            except _RowError as error:
                raise error if text[:1].isdigit() else _RowError(f"{neither}, nor a date since when") from None
        return bool(truth), 0

    def _truth(self, column: str, text: str) -> bool | None:
        if not text:
            return None
        word = text.casefold()
        if word not in _YES | _NO:
            raise _RowError(f"{column}: {text!r} is neither yes nor no")
        return word in _YES

    def _when(self, column: str, text: str) -> Millis:
        if not text:
            return 0
        try:
            moment = read_written(text, self._survey.order, self._program.time_zone)
        except ValueError as error:
            raise _RowError(f"{column}: {text!r} {error}") from None
        if moment.day > (self._today.toordinal() - EPOCH):
            raise _RowError(f"{column}: {text!r} lies ahead")
        return max(min(moment.at, self._at), _LONG_AGO)


def in_words(problems: Sequence[Any]) -> str:
    """Problems of a document as one sentence, without its pointers but their last names."""
    told = []
    for each in problems[:5]:
        detail = each["detail"]
        if allowed := each.get("allowed"):
            detail += f" ({allowed})"
        told.append(detail)
    return "; ".join(told)
