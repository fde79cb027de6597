"""What people send that is no document, no file and no time is answered in their words, and not in Python's."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from rules.loader import load_bundle
from stamgast.backtest.csv_past import PastError, span_of
from stamgast.clock.shop_time import parse_time
from stamgast.clv.data.acquisition_costs import CostFileError, read_costs
from stamgast.clv.data.purchase_file import PurchaseFileError
from stamgast.clv.data.purchase_file import read_purchases as read_purchase_file
from stamgast.clv.models.parameter_file import ParameterFileError, read_parameters
from stamgast.people.enrolment_request import read_enrolment
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import read_purchases
from stamgast.web.api.customers import read_reference
from tests.unit.rules.small_shop import HELLO, PROGRAM

OF_PYTHON: Final = re.compile(
    r"codec can't|invalid literal|Expecting |recursion|Traceback|NoneType|object is not|positional|could not convert|"
    r"must be in |\[Errno|operand|has no attribute|<class|\w+Error\b|isoformat|`(str|int|float|bool|object)`|Error -\d|"
    r"surrogate pair|unexpected end of data|NUL|field larger|ConversionSyntax|Input should|for month|is not iterable|"
    r"has no len|not supported between|takes \d+ pos|missing \d|'(str|int)'|datetime|zlib"
)
BODIES: Final = (
    *(
        b"",
        b" ",
        b"\xff\xfe",
        b"{",
        b"[",
        b"{]",
        b"[1,]",
        b"nul",
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\ud800x"}',
    ),
    *(
        b"[" * 100_000,
        b'{"a":1,"a":2}',
        b"1e99999",
        b"9" * 10_000,
        b'"x',
        b"{'a':1}",
        b"NaN",
        b"\xef\xbb\xbf{}",
        b"\x00",
    ),
    *(b'{"a":\x00}', bytes(range(256)), b"1", b'"x"', b"null", b"[1]", b'{"a":[[[[{"b":1}]]]]}'),
)
VALUES: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**400,
        "",
        "é",
        "\ud800",
        "١٢",
        "12,5",
        "NaN",
        [],
        [[]],
        {},
        {"a": 1},
        "a" * 5_000,
        "\x00",
    ),
    *("2026-02-30", "2026-13-01T00:00:00Z", "2026-02-30T10:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z"),
    *("2026-01-01T25:61:00Z", "2026-01-01T00:61:00Z", "2026-01-01T00:00:00+25:00", "9999-12-31T23:59:59-14:00"),
)
PURCHASE: Final[dict[str, Any]] = {
    "transaction_id": "t:1", "source_version": 1, "status": "completed", "end_date_time": "2026-10-01T07:42:10Z",
    "business_day_date": "2026-10-01", "store": {"retail_store_id": "x"}, "customer": {"phone": "0612345678"},
    "price_currency": "EUR", "totals": {"gross_minor": 100},
    "line_items": [{"line_id": "1", "sku": "a", "quantity": "1", "gross_minor": 100, "tax_rate": "21", "tax_minor": 1}],
    "refunds": [{"refund_id": "r", "at": "2026-10-01T07:42:10Z", "lines": [{"line_id": "1", "gross_minor": 1}]}],
}  # fmt: skip
ENROLMENT: Final[dict[str, Any]] = {
    "phone": "0612345678", "name": "Noor", "language": "nl", "birthday": "--05-01", "membership_number": "1",
    "consents": [{"purpose": "marketing", "channel": "whatsapp", "wording_version": "1", "source": "till"}],
}  # fmt: skip
FILES: Final = {
    "latin": "klant,datum,bedrag\nNoël,2026-01-01,5\n".encode("latin-1"),
    "zero bytes": b"customer,date,amount\n\x00,2026-01-01,5\n",
    "quotes": b'customer,date,amount\n"a,2026-01-01,5\n',
    "more quotes": b'customer,date,amount\n"a"b,2026-01-01,5\n',
    "wide": b"customer,date,amount\n" + b"x" * 200_000 + b",2026-01-01,5\n",
    "nothing": b"",
    "any bytes": bytes(range(256)),
    "days": b"customer,date,amount\na,2026-13-01,5\na,2026-02-30,x\nb,2026-01-01,1e999\nc,2026-01-01,NaN\nd,,\n",
    **{f"json {number}": body for number, body in enumerate(BODIES)},
}
TEMPLATES: Final = (
    *("{{ 1 in 2 }}", "{{ none|length }}", "{{ -'a' }}", "{{ [1]|first(2) }}", "{{ 'a' < 1 }}", "{{ 'a'|replace }}"),
    *(
        "{{ 'x'|truncate('a') }}",
        "{{ customer.name[999] }}",
        "{{ 1/0 }}",
        "{{ 5 % 0 }}",
        "{{ 'a'+1 }}",
        "{{ 5 // 'a' }}",
    ),
    *(
        "{{ 'a'[1:2:0] }}",
        "{{ '%d' % 'x' }}",
        "{{ 1|round('x') }}",
        "{{ customer.name is foo }}",
    ),
    *("{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}", "{{ " + "9" * 6_000 + " }}", "{{ 'a'|int(default='x'[9]) }}"),
)


@pytest.mark.parametrize("read", [read_document, read_purchases, read_enrolment, read_reference])
def test_a_body_that_cannot_be_read(read: Callable[[bytes], Any]) -> None:
    for body in BODIES:
        said = _said_of(read, body)
        assert OF_PYTHON.search(said) is None, (body[:20], said)


@pytest.mark.parametrize(("read", "document"), [(read_purchases, PURCHASE), (read_enrolment, ENROLMENT)])
def test_a_value_of_another_kind_in_any_place(read: Callable[[bytes], Any], document: dict[str, Any]) -> None:
    told = 0
    for path in _places(document):
        for value in VALUES:
            said = _said_of(read, json.dumps(_with(document, path, value)).encode())
            assert OF_PYTHON.search(said) is None, (path, value, said)
            told += bool(said)
    assert told > 100


def test_a_time_that_is_none_says_which_part_of_it() -> None:
    for text, why in {
        "2026-02-30T10:00:00Z": "that month has 28 days",
        "2026-13-01T10:00:00Z": "there is no month 13",
        "2026-01-01T24:00:01Z": "a day's hours go from 00 to 23",
        "2026-01-01T10:60:00Z": "an hour's minutes go from 00 to 59",
        "2026-01-01T10:00:61Z": "a minute's seconds go from 00 to 59",
        "0000-01-01T10:00:00Z": "there is no year 0",
        "2026-01-00T10:00:00Z": "there is no day 0",
        "2026-01-01T10:00:00+99:00": "its offset is none that a place has",
    }.items():
        with pytest.raises(ValueError, match=re.escape(f"is not on the calendar: {why}")):
            parse_time(text)


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (read_costs, CostFileError),
        (read_purchase_file, PurchaseFileError),
        (span_of, PastError),
        (read_parameters, ParameterFileError),
    ],
)
def test_a_file_of_another_kind(read: Callable[[Path], Any], error: type[Exception], tmp_path: Path) -> None:
    for name, content in FILES.items():
        path = tmp_path / "a-file"
        path.write_bytes(content)
        said = ""
        try:
            read(path)
        except error as refused:
            said = str(refused)
        assert OF_PYTHON.search(said) is None, (name, said)
    with pytest.raises(error, match="No such file"):
        read(tmp_path / "none")


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_that_cannot_be_filled_in(text: str) -> None:
    problems = load_bundle({"program.yaml": PROGRAM, "templates/nl/hello.j2": f"{HELLO} {text}"}).problems
    said = [each.message for each in problems if each.file.endswith("hello.j2")]
    assert said
    assert [each for each in said if OF_PYTHON.search(each)] == []


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_that_is_in_force_and_cannot_be_filled_in_ends_no_bundle(text: str) -> None:
    hello = f"{HELLO} {text} {{{{ customer.first_name }}}}"
    read = load_bundle({"program.yaml": PROGRAM, "templates/nl/hello.j2": hello}, published=True)
    assert not read.problems


def _said_of(read: Callable[[bytes], Any], body: bytes) -> str:
    try:
        read_items = read(body)
    except RefusedError as error:
        return f"{error} {json.dumps(list(error.problems), ensure_ascii=False, default=str)}"
    return repr([each.problems for each in read_items if hasattr(each, "problems")]) if read is read_purchases else ""


def _places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        yield from _places(value, (*at, key))


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    made = inside = copy.deepcopy(document)
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return made
