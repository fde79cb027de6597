"""What the columns of a list are called: by our names, or as tills and spreadsheets in four languages head them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from stamgast.domain.spelling import meant_by, nearest
from stamgast.domain.vocabulary import Channel, Purpose


class Kind(StrEnum):
    """What the rows of a list are."""

    PURCHASES = "purchases"
    CUSTOMERS = "customers"


_WHO: Final = {
    "phone": "telefoon telefoonnummer gsm mobiel mobielnummer mobile handy telefon telefonnummer téléphone portable "
    "tel phone_number mobile_phone",
    "membership_number": "lidnummer klantenkaart kaartnummer kartennummer card card_number member membership mitglied",
    "provider_customer_id": "customer_id klantid klantnummer klantnr kundennummer kundennr external_id",
}
PURCHASE_COLUMNS: Final[Mapping[str, str]] = {
    "date": "datum aankoopdatum besteldatum kaufdatum bestelldatum verkoopdatum date_time datetime day moment tijdstip",
    "time": "tijd uur zeit uhrzeit heure",
    "amount": "bedrag betrag umsatz omzet montant totaal total summe prijs prix preis gross amount_incl",
    **_WHO,
    "customer": "klant kunde client acheteur buyer",
    "transaction": "bon bonnummer kassabon ticket beleg belegnummer transaction_id receipt receipt_number order "
    "order_id",
    "refund_of": "return_of retour_van rückgabe_von retour_de original_transaction",
    "store": "winkel filiaal vestiging geschäft laden magasin boutique shop location",
    "category": "categorie categorieën kategorie warengruppe catégorie groep group",
    "product": "artikel artikelnummer produkt produit sku article",
    "description": "omschrijving beschreibung libellé productnaam artikelnaam product_name item",
    "quantity": "aantal menge anzahl quantité qty stuks",
    "currency": "valuta munt währung waehrung devise monnaie",
    "cost": "kostprijs inkoopprijs einkaufspreis coût cost_price",
    "tax_rate": "btw btw_tarief mwst tva vat vat_rate",
    "version": "versie source_version",
}
CUSTOMER_COLUMNS: Final[Mapping[str, str]] = {
    **_WHO,
    "first_name": "voornaam vorname prénom prenom given_name",
    "name": "naam achternaam nachname nom last_name lastname surname full_name",
    "email": "e_mail mail emailadres email_address",
    "language": "taal sprache langue locale",
    "birthday": "verjaardag geboortedatum geburtstag geburtsdatum anniversaire date_of_birth dob birthdate",
    "source": "bron herkomst quelle herkunft provenance acquisition_source",
    "country": "land pays region",
    "joined": "lid_sinds klant_sinds mitglied_seit client_depuis joined_at customer_since member_since created "
    "created_at inschrijfdatum",
    "purpose": "doel zweck finalité consent_purpose",
    "channel": "kanaal kanal canal consent_channel",
    "consent": "toestemming einwilligung consentement opt_in optin granted",
    "consent_at": "toestemming_op consent_date consented_at opt_in_date einwilligung_am consentement_le when",
    "consent_how": "toestemming_hoe consent_source how hoe wie comment proof bewijs",
    "wording": "wording_version tekst formulering wortlaut texte consent_text",
    "stop": "opted_out opt_out optout uitgeschreven afgemeld unsubscribed abgemeldet désinscrit",
}
_NEEDED: Final = {Kind.PURCHASES: ("date", "amount"), Kind.CUSTOMERS: ()}
_COLUMNS: Final = {Kind.PURCHASES: PURCHASE_COLUMNS, Kind.CUSTOMERS: CUSTOMER_COLUMNS}
_BY_CONSENT: Final = {
    f"{purpose}_{channel}": (purpose.value, channel.value) for purpose in Purpose for channel in Channel
}
"""A column for each consent: what stands in it is yes, no or since when."""


class ColumnsError(ValueError):
    """A heading that cannot be understood; the text says of which column, and what is meant perhaps."""


class Columns(NamedTuple):
    """Where each column stands (from 0)."""

    kind: Kind
    places: Mapping[str, int]
    consents: Mapping[int, tuple[str, str]]
    """Columns that are a consent each: purpose and channel."""
    unread: Sequence[str]
    headings: Mapping[str, str]
    """Our names -> what stands in the heading."""


def known_columns(kind: Kind) -> tuple[str, ...]:
    """The names of a kind's columns."""
    return tuple(_COLUMNS[kind])


def understand(
    heading: Sequence[str],
    kind: Kind | None = None,
    given: Mapping[str, str] | None = None,
    constants: Sequence[str] = (),
) -> Columns:
    """Say what the columns are; `given` names are as a mapping file says, `constants` are not looked for.

    Raises:
        ColumnsError: what is needed is missing, or two columns mean the same.
    """
    names = [_plain(each) for each in heading]
    kind = kind or _kind_of(names, {*(given or {}), *constants})
    places: dict[str, int] = {}
    for ours, theirs in (given or {}).items():
        if _plain(theirs) not in names:
            near = nearest(_plain(theirs), names)
            hint = f"; is that {near!r}?" if near else f"; there are {', '.join(filter(None, names))[:200]}"
            raise ColumnsError(f"there is no column {theirs!r}, which the mapping says is `{ours}`{hint}")
        places[ours] = names.index(_plain(theirs))
    meanings = _meanings(kind)
    consents: dict[int, tuple[str, str]] = {}
    unread = []
    for place, name in enumerate(names):
        if place in places.values() or not name:
            continue
        if kind is Kind.CUSTOMERS and name.replace(":", "_").removeprefix("consent_") in _BY_CONSENT:
            consents[place] = _BY_CONSENT[name.replace(":", "_").removeprefix("consent_")]
            continue
        ours = meanings.get(name, "")
        if not ours or ours in (given or {}) or ours in constants:
            unread.append(heading[place].strip())
        elif ours in places:
            raise ColumnsError(_two(ours, heading, places[ours], place))
        else:
            places[ours] = place
    _check(kind, places, constants, heading)
    return Columns(kind, places, consents, unread, {ours: heading[place].strip() for ours, place in places.items()})


def meant(name: str, kind: Kind) -> str:
    """What a column that is not read was perhaps meant to be, by our name for it; empty if nothing is near."""
    plain, meanings = _plain(name), _meanings(kind)
    if kind is Kind.CUSTOMERS:
        parts = plain.split("_")
        channel = next((each.value for each in Channel if each.value in parts), "")
        if channel:
            purpose = next((each.value for each in Purpose if each.value in parts), Purpose.MARKETING.value)
            return f"{purpose}_{channel}"
    near = meant_by(plain, meanings)
    return meanings[near] if near else ""


def _two(ours: str, heading: Sequence[str], one: int, other: int) -> str:
    """Two columns mean the same."""
    first, second = heading[one].strip(), heading[other].strip()
    if _plain(first) == _plain(second):
        return f"columns {one + 1} and {other + 1} are both called {first!r}, which is `{ours}`: rename one of them"
    return f"two columns could be `{ours}`: {first!r} and {second!r}; say which in a mapping file, or rename one"


def _check(kind: Kind, places: Mapping[str, int], constants: Sequence[str], heading: Sequence[str]) -> None:
    there = {*places, *constants}
    lacking = [f"`{needed}`" for needed in _NEEDED[kind] if needed not in there]
    if lacking:
        hints = [hint for needed in _NEEDED[kind] if needed not in there and (hint := _perhaps(kind, needed, heading))]
        are = "there is none" if len(lacking) == 1 else "there are none"
        columns = "a column" if len(lacking) == 1 else "columns"
        raise ColumnsError(f"{kind.value} have {columns} {' and '.join(lacking)}, and {are}{''.join(hints)}")
    if kind is Kind.CUSTOMERS and not there & set(_WHO):
        hint = next(filter(None, (_perhaps(kind, each, heading) for each in _WHO)), "")
        raise ColumnsError(f"nobody is named: customers have a column `phone`, or one of {', '.join(_WHO)}{hint}")


def _perhaps(kind: Kind, needed: str, heading: Sequence[str]) -> str:
    """Which column is perhaps the one that is needed."""
    words = (needed, *_COLUMNS[kind][needed].split())
    for each in heading:
        name = _plain(each)
        if name and name not in _meanings(kind) and nearest(name, words):
            return f"; is {each.strip()!r} the {needed}?"
    return ""


def _kind_of(names: Sequence[str], given: set[str]) -> Kind:
    """What a list is by its heading: one with an amount is of purchases.

    So is one whose amount is misspelt or missing, if it has a date and nothing that is of customers alone: the answer
    then says what is wrong.
    """
    exact = {_meanings(Kind.PURCHASES).get(name, "") for name in names} | given
    if "amount" in exact:
        return Kind.PURCHASES
    people = _meanings(Kind.CUSTOMERS)
    near = {meant(name, Kind.PURCHASES) for name in names if name and name not in people}
    if "date" not in exact | near:
        return Kind.CUSTOMERS
    of_people = {people.get(name, "") for name in names} - {*_WHO, ""}
    return Kind.PURCHASES if "amount" in near or not of_people else Kind.CUSTOMERS


def _meanings(kind: Kind) -> dict[str, str]:
    found = {word: ours for ours, words in _COLUMNS[kind].items() for word in words.split()}
    return found | {ours: ours for ours in _COLUMNS[kind]}


def _plain(name: str) -> str:
    return re.sub(r"[\s.\-]+", "_", name.strip().lower().strip('"').strip()).strip("_")
