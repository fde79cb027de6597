"""What the columns of a file of purchases are called, and which one is meant by another name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from stamgast.domain.spelling import nearest

NEEDED: Final = ("customer", "date", "amount")
OPTIONAL: Final = ("profit", "currency", "segment", "acquisition_source", "category", "score")
_ELSEWHERE: Final = {
    "customer": "klant klanten klantnummer klantnr kunde kunden kundennummer kundennr client clients acheteur",
    "date": "datum aankoopdatum besteldatum kaufdatum bestelldatum verkoopdatum",
    "amount": "bedrag betrag umsatz omzet montant totaal summe",
    "profit": "winst gewinn bénéfice benefice brutowinst",
    "currency": "valuta munt währung waehrung devise monnaie",
    "segment": "segmenten segmente klantgroep kundengruppe",
    "store": "winkel filiaal vestiging geschäft laden magasin boutique",
    "category": "categorie categorieën kategorie warengruppe catégorie groep",
    "product": "artikel artikelnummer produkt produit sku",
    "transaction": "bon bonnummer kassabon ticket beleg belegnummer",
    "language": "taal sprache langue",
    "score": "scores nps rating ratings feedback cijfer beoordeling rapportcijfer tevredenheid bewertung bewertungen",
    "acquisition_source": "source bron herkomst quelle herkunft kanal kanaal provenance",
}
_MEANINGS: Final = {word: name for name, words in _ELSEWHERE.items() for word in words.split()}


def meant_column(written: str, absent: Iterable[str]) -> str | None:
    """Return which of the columns that are not there is meant by a name, in another language or misspelt."""
    names = list(absent)
    parts = re.split(r"[\W_]+", written)
    meant = [_MEANINGS.get(written), *(_MEANINGS.get(part) for part in parts)]
    meant += [part for part in parts if part in NEEDED]
    if found := next((name for name in meant if name in names), None):
        return found
    # What means a column that is there, or is the name of another one, is not offered as one for its looks.
    if any(meant) or written in _ELSEWHERE:
        return None
    return nearest(written, names) or None


def missing_columns(names: Sequence[str]) -> list[tuple[int, str]]:
    """Return what to say of each needed column that is not there, with the place in the heading that it concerns."""
    unknown = [name for name in names if name not in (*NEEDED, *OPTIONAL)]
    absent = [name for name in (*NEEDED, *OPTIONAL) if name not in names]
    found = []
    for name in NEEDED:
        if name not in names:
            near = next((each for each in unknown if meant_column(each, absent) == name), None)
            hint = f"is that the column {near!r}? call it {name!r}" if near else f"there are {', '.join(names)}"
            found.append((names.index(near) + 1 if near else 1, f"there is no column {name!r}; {hint}"))
    return found


def unread_columns(names: Sequence[str]) -> list[str]:
    """Return what to say of columns that are not read, each beginning with its place `line:column`."""
    absent = [name for name in OPTIONAL if name not in names]
    unknown = {name: meant_column(name, absent) for name in names if name and name not in (*NEEDED, *OPTIONAL)}
    told = [
        f"1:{names.index(name) + 1}: the column {name!r} is not read; is that {meant!r}? call it so"
        for name, meant in unknown.items()
        if meant
    ]
    others = [name for name, meant in unknown.items() if not meant]
    if others:
        columns = f"column {others[0]!r} is" if len(others) == 1 else f"columns {', '.join(map(repr, others))} are"
        told.append(f"1:{names.index(others[0]) + 1}: the {columns} not read")
    return told
