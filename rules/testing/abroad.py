"""A test's sentence in Dutch, French or German, said in English: what is proposed to whoever wrote it so.

Nobody's sentence is understood by this: it is only offered, and only where its English can be read.
"""

import re
from collections.abc import Mapping
from typing import Final

_NUMBERS: Final[Mapping[str, int]] = {
    word: number
    for number, words in enumerate(
        (
            "", "twee deux zwei", "drie trois drei", "vier quatre", "vijf cinq fünf", "zes six sechs",
            "zeven sept sieben", "acht huit", "negen neuf neun", "tien dix zehn", "elf onze", "twaalf douze zwölf",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_A: Final = r"(?:een|één|un|une|ein|eine|einer|einem|einen)"
_THE: Final = r"(?:de|het|le|la|l'|der|die|das|dem|den|des) ?"
_CUSTOMER: Final = rf"(?:{_THE}(?:klant|client|cliente|kunde|kundin|kunden))"
_UNITS: Final = {
    r"dagen|dag|jours?|tagen?|tag": "days",
    r"weken|week|semaines?|wochen?": "weeks",
    r"maanden|maand|mois|monaten?|monat": "months",
    r"uren|uur|heures?|stunden?": "hours",
    r"minuten|minuut|minutes?": "minutes",
}
_UNIT: Final = "|".join(_UNITS)
_RULES: Final[tuple[tuple[str, str], ...]] = (
    # what joins the parts
    (r"(?:en )?(?:dan|daarna|vervolgens|puis|ensuite|dann|danach|anschließend)", "then"),
    # who and what
    ((rf"{_CUSTOMER} (?:trekt (?:de |zijn |haar )?toestemming in|retire (?:son |le )?(?:consentement|accord)"
     r"|widerruft (?:die |seine |ihre )?(?:einwilligung|zustimmung))"), "the customer takes back consent"),
    ((rf"{_CUSTOMER} (?:geeft (?:zijn |haar )?toestemming|donne son (?:consentement|accord)"
     r"|(?:gibt|erteilt) (?:die |seine |ihre )?(?:einwilligung|zustimmung))"), "the customer gives consent"),
    (rf"{_CUSTOMER} (?:zit in de controlegroep|est dans le groupe témoin|ist in der kontrollgruppe)",
     "the customer is held out"),
    (rf"{_CUSTOMER} (?:krijgt|reçoit|bekommt) (?:de |la |die )?variante?", "the customer gets variant"),
    (rf"{_CUSTOMER} (?:schrijft zich in|meldt zich aan|wordt lid|s'inscrit|meldet sich an|tritt bei)",
     "the customer joins"),
    (r"(?:zonder toestemming|sans (?:consentement|accord)|ohne (?:einwilligung|zustimmung))", "without consent"),
    ((rf"(?:{_THE}(?:verjaardag van de klant|anniversaire du client|geburtstag des kunden) "
     rf"(?:is|valt op|est(?: le)?|ist(?: am)?)|{_CUSTOMER} (?:is jarig op|hat geburtstag am))"),
     "the customer's birthday is"),
    (rf"{_THE}(?:campagne|kampagne) (?:begint|start|startet|beginnt|commence|démarre)", "the campaign starts"),
    ((rf"{_A} (?:terugbetaling|retour|remboursement|erstattung|rückgabe) (?:van |du |de |von |der |des )?"
     rf"(?:{_THE})?(?:laatste|dernier|dernière|letzten|letzte)(?: aankoop| achat| einkaufs| kaufs)?"),
     "a refund of the last"),
    ((rf"{_A} (?:terugbetaling|retour|remboursement|erstattung|rückgabe) (?:van |du |de |von |der |des )?"
     rf"(?:{_THE})?(?:eerste|premier|première|ersten|erste)(?: aankoop| achat| einkaufs| kaufs)?"),
     "a refund of the first"),
    ((rf"{_THE}(?:laatste|dernier|letzte) (?:voucher|bon|gutschein) "
     r"(?:wordt (?:ingewisseld|ingeleverd|gebruikt|verzilverd)|est (?:utilisé|encaissé)|wird (?:eingelöst|benutzt))"),
     "the last voucher is redeemed"),
    ((rf"(?:wordt|wird) {_THE}(?:laatste|letzte) (?:voucher|bon|gutschein) "
     r"(?:ingewisseld|ingeleverd|gebruikt|verzilverd|eingelöst|benutzt)"), "the last voucher is redeemed"),
    (rf"{_A} ([a-z0-9_.-]+) (?:wordt gegeven|est (?:offerte?|donnée?)|wird (?:gegeben|verschenkt))", r"a \1 is given"),
    (rf"{_CUSTOMER} (?:krijgt|reçoit|bekommt) {_A} ([a-z0-9_.-]+)", r"a \1 is given"),
    (rf"(?:{_A} antwoord|une réponse|eine antwort)(?: van| de| von)?", "a reply of"),
    (rf"{_A} (?:gebeurtenis|événement|ereignis)", "an event"),
    # time
    (rf"(?:er )?(?:gaan|verstrijken|vergehen|passent) (?:er )?([0-9]+) ({_UNIT})(?: voorbij)?", r"\1 <\2> pass"),
    (rf"([0-9]+) ({_UNIT}) (?:gaan voorbij|verstrijken|later|vergehen|später|passent|plus tard|s'écoulent)",
     r"\1 <\2> pass"),
    (rf"(?:na|après|nach) ([0-9]+) ({_UNIT})", r"after \1 <\2>"),
    (rf"(?:(?:{_A}|1|one) (?:per|par|pro)|elke|iedere|chaque|jeden?|jede) ({_UNIT})", r"one per (\1)"),
    (r"(?:op dezelfde dag|le même jour|am selben tag)", "on the same day"),
    (rf"(?:door {_A} klant die|par un client qui|von einem kunden,? der) ([a-z]{{2}}) (?:spreekt|parle|spricht)",
     r"by a customer who speaks \1"),
    # purchases, and what stands behind them
    (rf"{_A} (?:aankoop|achat|einkauf|kauf)", "a purchase"),
    (r"([0-9]+) (?:aankopen|aankoop|achats?|einkäufen?|käufen?)", r"\1 purchases"),
    (r"(?:vanaf|sinds|à partir du|dès le|depuis le|ab dem|ab|seit)(?= [0-9]{4}-)", "from"),
    (r"(?:op|le|am)(?= [0-9]{4}-)", "on"),
    (r"(?:om|à|um)(?= [0-9]{2}:)", "at"),
    (r"(?:van|de|d'|von|für|à|voor)(?= ?(?:[€£$]|[0-9]))", "of"),
    (r"(?:voor|pour|für)(?= (?:marketing|utility)\b)", "to"),
    (r"(?:via|per|par|über)(?= (?:sms|whatsapp)\b)", "by"),
    (r"(?:van|de|von)(?= )", "of"),
    (r"(?:in|bij|à|bei|chez)(?= )", "at"),
)  # fmt: skip
"""In this order, each as words of their own, in whichever case."""
_COMPILED: Final = tuple((re.compile(rf"(?<!\w)(?:{said})(?!\w)", re.IGNORECASE), said_so) for said, said_so in _RULES)


def in_english(text: str) -> str:
    """The sentence with the words that it knows in English; as it is if it knows none."""
    words = re.sub(r"\w+", lambda word: str(_NUMBERS.get(word[0].casefold(), word[0])), text)
    for said, english in _COMPILED:
        words = said.sub(english, words)
    words = re.sub(r"<(\w+)>", lambda unit: _unit(unit[1]), words)
    words = re.sub(r"one per \((\w+)\)", lambda unit: f"one per {_unit(unit[1]).removesuffix('s')}", words)
    return re.sub(r"[,;]? *\bthen\b", ", then", words)


def _unit(word: str) -> str:
    return next(english for said, english in _UNITS.items() if re.fullmatch(said, word, re.IGNORECASE))
