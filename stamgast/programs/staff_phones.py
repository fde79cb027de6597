"""No phone of staff stands on `programs.v1` in the clear: what is published has a seal in its place."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rules.loader import PROGRAM, LoadedMerchant, load_bundle
from rules.yaml.problems import Problem
from stamgast.identity.staff import PREFIX

Seal = Callable[[str, str], str]
"""Merchant and phone -> what stands in its place."""


def with_sealed_phones(loaded: LoadedMerchant, clv: Mapping[str, Any], seal: Seal | None) -> LoadedMerchant:
    """The same files with a seal wherever a phone of staff stood, in comments too; with an error if that fails."""
    merchant = loaded.program.merchant
    phones = {who.phone for who in loaded.program.staff.values() if not who.phone.startswith(PREFIX)}
    if not phones:
        return loaded
    if seal is None:
        return _refused(loaded, "the phones of staff cannot be sealed without STAMGAST_ID_KEY")
    seals = {phone: seal(merchant, phone) for phone in sorted(phones, key=len, reverse=True)}
    files = {name: _sealed(text, seals) for name, text in loaded.files.items()}
    new = load_bundle(files, merchant, clv)
    if not new.ok or not all(who.phone.startswith(PREFIX) for who in new.program.staff.values()):
        return _refused(loaded, "a phone of staff is not written plainly, and cannot be sealed")
    return replace(loaded, program=new.program, rules=new.rules, tests=new.tests, files=files)


def _sealed(text: str, seals: Mapping[str, str]) -> str:
    for phone, sealed in seals.items():
        text = text.replace(phone, sealed)
    return text


def _refused(loaded: LoadedMerchant, why: str) -> LoadedMerchant:
    hint = 'Write it as "+31612345678", and set the key that the worker has.'
    return replace(loaded, problems=(*loaded.problems, Problem(PROGRAM, 1, 1, why, hint)))
