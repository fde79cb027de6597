"""What a mapping may say. Paths are JSONPath (RFC 9535); whatever is no path is the value itself."""

from typing import Annotated, Any, Final, Literal

import jsonpath
from jsonpath import JSONPath
from jsonpath.exceptions import JSONPathError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from stamgast.pos.canonical import LineKind, Status, TenderType
from stamgast.pos.types import TimeZone

ROOT: Final = "$"
_MOST: Final = 200


class Part(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def compiled(path: str) -> JSONPath:
    """A path, ready to be asked. Raises ValueError."""
    try:
        return jsonpath.compile(path)  # type: ignore[return-value]
    except JSONPathError as error:
        why = str(error).partition("\n")[0]
        raise ValueError(f"is no JSONPath: {why}") from None


def _checked(path: str) -> str:
    if not path.startswith(ROOT):
        raise ValueError("is no JSONPath: it begins with $")
    compiled(path)
    return path


Path = Annotated[str, StringConstraints(max_length=500), AfterValidator(_checked)]


def _short(value: Any) -> Any:
    """`$.total` is short for `{path: $.total}`, and anything else for `{value: …}`."""
    if isinstance(value, dict):
        return value
    return {"path": value} if isinstance(value, str) and value.startswith(ROOT) else {"value": value}


class Pick(Part):
    """Where a field's value stands: the first of `path` and `or_path` that finds something, else `value`."""

    path: Path | None = None
    or_path: Path | None = None
    value: str | int | bool | None = None
    words: dict[str, str] = Field(default={}, max_length=_MOST)
    """What the system says -> what is meant; what is not among them is refused, unless `otherwise` says what it is."""
    otherwise: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Pick":
        if self.path is None and self.value is None and not getattr(self, "parts", ()):
            raise ValueError("says nothing: give a path or a value")
        return self


class MomentPick(Pick):
    """A time: RFC 3339, by `format` (as Python's strptime), seconds or milliseconds since 1970, or from `parts`."""

    format: str | None = Field(default=None, max_length=100)
    with_path: Path | None = None
    """What is put behind it with a space: a date and a time of day that stand apart."""
    zone: TimeZone | None = None
    """Of a time that has no offset; the programme's where nothing is said."""
    parts: tuple[Path, ...] = Field(default=(), max_length=6)
    """Year, month, day, hour, minute, second."""


class AmountPick(Pick):
    """Money: `major` units (12.40) unless it says `minor` (1240)."""

    unit: Literal["major", "minor"] = "major"
    sign: Literal["as_is", "opposite", "absolute"] = "as_is"
    decimal: Literal[".", ","] = "."
    """What stands before the cents where it is a text; the other one may stand between thousands."""
    sum: bool = False
    """Everything that the path finds, added up."""


class QuantityPick(Pick):
    """How many; `decimals` finds how many of its digits are behind the point, where it is written without one."""

    decimal: Literal[".", ","] = "."
    decimals: Path | None = None
    sign: Literal["as_is", "opposite", "absolute"] = "as_is"


OnePick = Annotated[Pick, BeforeValidator(_short)]
Moment = Annotated[MomentPick, BeforeValidator(_short)]
Amount = Annotated[AmountPick, BeforeValidator(_short)]
Quantity = Annotated[QuantityPick, BeforeValidator(_short)]


class Lines(Part):
    """Where lines stand, and in each of them its fields; paths begin at the line."""

    each: Path
    only: dict[Path, list[str]] = {}
    """Those are lines where the path finds one of the words."""
    line_id: OnePick | None = None
    """Without it they are counted."""
    kind: OnePick | None = None
    sku: OnePick | None = None
    gtin: OnePick | None = None
    product_id: OnePick | None = None
    name: OnePick | None = None
    category: OnePick | None = None
    unit: OnePick | None = None
    quantity: Quantity | None = None
    unit_price: Amount | None = None
    gross: Amount
    discount: Amount | None = None
    tax: Amount | None = None
    tax_rate: OnePick | None = None
    cost: Amount | None = None
    original_line_id: OnePick | None = None


class Tenders(Part):
    """How it was paid."""

    each: Path
    tender_type: OnePick
    amount: Amount
    tip: Amount | None = None
    tender_id: OnePick | None = None


class Customer(Part):
    """Who bought it."""

    phone: OnePick | None = None
    membership_number: OnePick | None = None
    provider_customer_id: OnePick | None = None


class Refunds(Part):
    """Which items are refunds that are documents of their own, and of what."""

    when: dict[Path, list[str]] = Field(min_length=1)
    refund_id: OnePick
    of: OnePick
    """The sale's transaction_id."""


class Signature(Part):
    """How webhooks are proven. `address`: by nothing but their secret address, which is then all that stands there."""

    scheme: Literal["hmac-sha256", "hmac-sha1", "hmac-sha512", "token", "address"]
    header: str = Field(default="", max_length=100)
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field(default="", max_length=40)
    signed: str = Field(default="{body}", max_length=100)
    """What is signed, of {body}, {timestamp} and {url}."""
    timestamp_header: str = Field(default="", max_length=100)
    tolerance_seconds: int = Field(default=300, ge=1, le=86_400)

    @model_validator(mode="after")
    def _has_a_header(self) -> "Signature":
        if self.scheme != "address" and not self.header:
            raise ValueError("the header that holds the signature is missing")
        if "{timestamp}" in self.signed and not self.timestamp_header:
            raise ValueError("timestamp_header is missing: {timestamp} is signed")
        if self.scheme not in {"token", "address"} and "{body}" not in self.signed:
            raise ValueError("signed lacks {body}: anybody could put another one there")
        return self


class Csv(Part):
    """How a CSV is written. Rows are items; with `group_by` those of one receipt are, with their `rows`."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8", "windows-1252", "iso-8859-1", "utf-16"] = "utf-8"
    group_by: str = ""
    """The column with the receipt's number."""


class Mapping(Part):
    """See the package."""

    format: Literal["json", "csv"] = "json"
    csv: Csv = Csv()
    signature: Signature
    delivery_id: Annotated[str, StringConstraints(max_length=500)] = ""
    """A path into the body, or `header:NAME`."""
    items: Path = ROOT
    """Where the purchases stand in the body."""
    only: dict[Path, list[str]] = {}
    """Items are purchases where each path finds one of its words; others are no purchase."""
    transaction_id: OnePick
    source_version: Moment | None = None
    """A number that grows, or a time. Without one a change of a sale is taken for a repeat."""
    status: OnePick | None = None
    """open, completed, partially_refunded, refunded or voided; without it all are completed."""
    end_date_time: Moment
    business_day: OnePick | None = None
    store: OnePick
    workstation: OnePick | None = None
    receipt_number: OnePick | None = None
    currency: OnePick | None = None
    gross: Amount | None = None
    """Without it, what the lines come to."""
    tax: Amount | None = None
    discount: Amount | None = None
    tip: Amount | None = None
    surcharge: Amount | None = None
    rounding: Amount | None = None
    paid: Amount | None = None
    customer: Customer | None = None
    operator: OnePick | None = None
    test: OnePick | None = None
    lines: Lines | None = None
    tenders: Tenders | None = None
    refunds: Refunds | None = None

    @model_validator(mode="after")
    def _has_an_amount(self) -> "Mapping":
        if self.gross is None and self.lines is None:
            raise ValueError("says no amount: give gross, or lines")
        return self


STATUSES: Final = Status.__args__  # type: ignore[attr-defined]
LINE_KINDS: Final = LineKind.__args__  # type: ignore[attr-defined]
TENDER_TYPES: Final = TenderType.__args__  # type: ignore[attr-defined]
