"""What an enrolment says, and what is wrong with it."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from stamgast.domain.names import LONGEST_FIRST_NAME, LONGEST_NAME, could_be_a_name
from stamgast.domain.program import Program
from stamgast.domain.spelling import meant_by
from stamgast.domain.vocabulary import Channel, Purpose
from stamgast.pos.canonical import Strict
from stamgast.pos.documents import read_document
from stamgast.pos.doubt import Doubt
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.pos.types import Id
from stamgast.pos.warnings import unknown_word

_PURPOSES: Final = tuple(each.value for each in Purpose)
_OLDEST_YEARS: Final = 120


def _is_a_name(value: str) -> str:
    if not could_be_a_name(value):
        raise PydanticCustomError("name", "may hold letters, spaces, hyphens, apostrophes and a stop after a word")
    return value


FirstName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_FIRST_NAME), AfterValidator(_is_a_name)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), AfterValidator(_is_a_name)]

if TYPE_CHECKING:
    ChannelWord = str
else:
    ChannelWord = Literal[tuple(sorted(each.value for each in Channel))]


class Consent(Strict):
    """Consent to messages of one purpose over one channel, with its proof: which wording was shown, and where.

    One that is granted names the wording. One that is withdrawn need not: nobody has to prove a no.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"granted": {"const": True}}},
            "then": {"required": ["wording_version"], "properties": {"wording_version": {"pattern": r"\S"}}},
        }
    )

    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
    channel: ChannelWord
    granted: bool = True
    wording_version: Annotated[str, StringConstraints(max_length=100), Field(validate_default=True)] = ""
    source: Annotated[str, StringConstraints(max_length=100)] = ""

    @field_validator("purpose")
    @classmethod
    def _is_not_mistyped(cls, value: str) -> str:
        if value not in _PURPOSES and (meant := meant_by(value, _PURPOSES)):
            raise PydanticCustomError("mistyped", "{nearest}", {"allowed": ", ".join(_PURPOSES), "nearest": meant})
        return value

    @field_validator("wording_version")
    @classmethod
    def _is_there_if_granted(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("granted") and not value.strip():
            raise PydanticCustomError(
                "unproven", "is missing: a consent proves something only with the version of the wording that was shown"
            )
        return value


class EnrolmentRequest(Strict):
    """Who joins. At least one of phone, membership_number and provider_customer_id."""

    phone: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    membership_number: Id | None = None
    provider_customer_id: Id | None = None
    name: Name | None = None
    first_name: FirstName | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    birthday: (
        Annotated[str, StringConstraints(pattern=r"^([0-9]{4}|-)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")] | None
    ) = None
    acquisition_source: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")] | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    """Country in which a phone without a country code is read; the programme's if it is missing."""
    phone_changed_hands: bool | None = None
    """True: the phone was somebody else's before and is this person's now; false: whoever it named is this person."""
    referral_code: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    """A friend's code by which they join, as somebody typed it. One that brings nothing is a warning in the answer."""
    consents: list[Consent] = Field(default_factory=list, max_length=20)

    @field_validator("birthday")
    @classmethod
    def _is_on_the_calendar(cls, value: str | None) -> str | None:
        year, day = (value[:-6].strip("-") or "2000", value[-5:]) if value else ("2000", "01-01")
        try:
            date.fromisoformat(f"{year}-{day}")
        except ValueError:
            raise PydanticCustomError("calendar", "is not on the calendar: there is no such day") from None
        return value


def read_enrolment(body: bytes) -> EnrolmentRequest:
    """Read an enrolment.

    Raises:
        UnreadableError: it is not JSON.
        RefusedError: with everything that is wrong with it.
    """
    document = read_document(body)
    try:
        return EnrolmentRequest.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, EnrolmentRequest)) from None


def check_birthday(birthday: str, today: date) -> None:
    """A year that nobody who is alive was born in is what a till writes that asks nobody: 1900-01-01, or next year.

    Raises:
        RefusedError: it is such a year, or the day is still to come.
    """
    if birthday and not birthday.startswith("-"):
        born = date.fromisoformat(birthday)
        if born > today or born.year < today.year - _OLDEST_YEARS:
            where = "lies ahead" if born > today else f"lies more than {_OLDEST_YEARS} years back"
            allowed = f"the day of birth, --{birthday[-5:]} without the year, or leave it out if nobody told it"
            raise RefusedError([{"pointer": "/birthday", "detail": f"birthday {where}", "allowed": allowed}])


def doubts_about_enrolment(enrolment: EnrolmentRequest, program: Program) -> list[Doubt]:
    """Words that were taken although the programme does not know them."""
    found = []
    for number, consent in enumerate(enrolment.consents):
        if consent.purpose not in _PURPOSES:
            detail = f"no message has the purpose {consent.purpose!r}: this consent allows none"
            found.append(unknown_word(f"/consents/{number}/purpose", consent.purpose, _PURPOSES, detail))
    language, source = enrolment.language, enrolment.acquisition_source
    if language and language not in {each[:2] for each in program.languages}:
        detail = f"nothing is written in {language!r}: messages go out in {program.languages[0]!r}"
        found.append(unknown_word("/language", language, program.languages, detail))
    sources = program.costs.acquisition_costs
    if source and source not in sources and meant_by(source, sources):
        detail = f"program.yaml names no cost of the source {source!r}: it counts as any other"
        found.append(unknown_word("/acquisition_source", source, sources, detail))
    return found


def enrolment_schema() -> dict[str, Any]:
    """JSON Schema of the enrolment's body, for OpenAPI."""
    return EnrolmentRequest.model_json_schema(ref_template="#/components/schemas/{model}")
