"""In what form is a customer's state kept in Redis? Size and speed of the forms there are to choose from."""

from __future__ import annotations

import json
import pickle
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.figures import Figure, table, tell
from benchmarks.meter import cpu_seconds
from benchmarks.scene import Scene
from benchmarks.ten_purchases import shipped_bakery
from stamgast.domain.customer import Customer, decode_customer, encode_customer

_ROUNDS = 5
_HEAD = struct.Struct("<HIqqqIHHqQQHH")
_HEAD_FIELDS = (
    "schema", "purchases", "spend", "profit", "refunds", "visits", "first_day", "last_day", "gaps", "stage_at",
    "recorded_at", "lapse_day", "lapsed_day",
)  # fmt: skip
_REST_FIELDS = tuple(name for name in Customer.__struct_fields__ if name not in _HEAD_FIELDS)

CHOSEN = "msgspec: MessagePack, array"


@dataclass(frozen=True)
class Form:
    """A way to write a state down."""

    name: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    shape: Callable[[Customer], Any] = lambda state: state
    """The state as this form would hold it; not part of what is timed."""


def forms() -> list[Form]:
    """The candidates; the chosen one first."""
    named = msgspec.defstruct(
        "Named", [(field.name, field.type, field.default) if field.default is not msgspec.NODEFAULT
                  else (field.name, field.type, msgspec.field(default_factory=field.default_factory))
                  for field in msgspec.structs.fields(Customer)],
        omit_defaults=True,
    )  # fmt: skip
    rest = msgspec.msgpack.Decoder(_rest_types()).decode
    packed = msgspec.msgpack.Encoder().encode

    def pack(state: Customer) -> bytes:
        head = _HEAD.pack(*(getattr(state, name) for name in _HEAD_FIELDS))
        return head + packed([getattr(state, name) for name in _REST_FIELDS])

    def unpack(value: bytes) -> Customer:
        fields = dict(zip(_HEAD_FIELDS, _HEAD.unpack_from(value), strict=True))
        fields |= zip(_REST_FIELDS, rest(value[_HEAD.size :]), strict=True)
        return Customer(**fields)

    def as_named(state: Customer) -> Any:
        return named(**{name: getattr(state, name) for name in Customer.__struct_fields__})

    as_map, as_json = msgspec.msgpack.Decoder(named).decode, msgspec.json.Decoder(Customer).decode
    return [
        Form(CHOSEN, encode_customer, decode_customer),
        Form("msgspec: MessagePack, map without defaults", packed, as_map, as_named),
        Form("msgspec: JSON, array", msgspec.json.Encoder().encode, as_json),
        Form("head by struct, rest MessagePack", pack, unpack),
        Form("pickle 5", lambda state: pickle.dumps(state, 5), pickle.loads),
        Form("json of the standard library", _plain_json, json.loads),
        Form("MessagePack, array, then zlib 1",
             lambda state: zlib.compress(encode_customer(state), 1),
             lambda value: decode_customer(zlib.decompress(value))),
    ]  # fmt: skip


def run(scene: Scene) -> None:
    """Write and read every state in every form."""
    states = [decode_customer(value) for value in shipped_bakery(scene.sized(2_000, 100)).states.values()]
    rows, measured = [], {}
    for form in forms():
        shaped = [form.shape(state) for state in states]
        values = [form.encode(state) for state in shaped]
        size = sum(map(len, values)) / len(values)
        writing, reading = _time(form.encode, shaped), _time(form.decode, values)
        measured[form.name] = (size, writing, reading)
        rows.append((form.name, size, writing, reading, writing + reading))
    heads = ("a customer's state after ten purchases", "bytes", "encode us", "decode us", "both us")
    table("Forms of the state", heads, rows)
    chosen = measured.pop(CHOSEN)
    for name, other in measured.items():
        tell([
            Figure("state_bytes", chosen[0], "bytes", name, other[0]),
            Figure("state_both_ways", chosen[1] + chosen[2], "us", name, other[1] + other[2]),
        ])  # fmt: skip


def _time(work: Callable[[Any], Any], items: list[Any]) -> float:
    """Microseconds of CPU an item; the best of some rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = cpu_seconds()
        for item in items:
            work(item)
        best = min(best, cpu_seconds() - began)
    return best / len(items) * 1e6


def _plain_json(state: Customer) -> bytes:
    return json.dumps(msgspec.to_builtins(state), separators=(",", ":")).encode()


def _rest_types() -> Any:
    types = {field.name: field.type for field in msgspec.structs.fields(Customer)}
    return tuple[tuple(types[name] for name in _REST_FIELDS)]  # type: ignore[misc]  # built at run time
