"""What the door itself says to a phone, in the house's four languages: to one that no message reaches any more, and to
one that is nobody's.

It goes back in the answer to the very message that asked for it (docs/adr/0182). Nothing of that message is in it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from stamgast.domain.program import Program

_OTHERWISE: Final = "en"


class DoorText(StrEnum):
    """What there is to say."""

    STOPPED = "stopped"
    STILL_STOPPED = "still_stopped"
    UNKNOWN_PHONE = "unknown_phone"
    """Somebody asks for their card, or for help, whose phone is nobody's. `code` is one to join by."""
    UNKNOWN_CODE = "unknown_code"
    """`code` is the nearest one."""
    CONFIRM = "confirm"
    OWN_CODE = "own_code"
    """Somebody joins by the code with which they invite others themselves."""
    NOT_A_FRIEND = "not_a_friend"
    """They joined, but the friend's code brings nothing: they are not new, or of one household."""


_TEXTS: Final[Mapping[DoorText, Mapping[str, str]]] = {
    DoorText.STOPPED: {
        "nl": "{shop}: je krijgt geen berichten meer van ons. Toch weer? Stuur START.",
        "fr": "{shop} : vous ne recevrez plus de messages de notre part. Pour en recevoir à nouveau : START.",
        "de": "{shop}: Sie bekommen keine Nachrichten mehr von uns. Doch wieder? START senden.",
        "en": "{shop}: you get no more messages from us. Want them again? Send START.",
    },
    DoorText.STILL_STOPPED: {
        "nl": "{shop}: je hebt alle berichten gestopt. Stuur eerst START.",
        "fr": "{shop} : vous avez arrêté tous les messages. Envoyez d'abord START.",
        "de": "{shop}: Sie haben alle Nachrichten beendet. Senden Sie zuerst START.",
        "en": "{shop}: you have stopped all messages. Send START first.",
    },
}

_TEXTS_TO_JOIN: Final[Mapping[DoorText, Mapping[str, str]]] = {
    DoorText.UNKNOWN_PHONE: {
        "nl": "Dit is {shop}. We kennen dit nummer nog niet. Stuur JOIN {code} om mee te doen en berichten van ons te "
        "krijgen; met STOP stopt dat.",
        "fr": "Ici {shop}. Nous ne connaissons pas encore ce numéro. Envoyez JOIN {code} pour participer et recevoir "
        "nos messages ; STOP les arrête.",
        "de": "Hier ist {shop}. Diese Nummer kennen wir noch nicht. Senden Sie JOIN {code}, um mitzumachen und "
        "Nachrichten von uns zu bekommen; STOP beendet sie.",
        "en": "This is {shop}. We do not know this number yet. Send JOIN {code} to join and to get messages from us; "
        "STOP ends them.",
    },
    DoorText.UNKNOWN_CODE: {
        "nl": "{shop}: die code kennen we niet. Bedoel je JOIN {code}?",
        "fr": "{shop} : nous ne connaissons pas ce code. Vouliez-vous écrire JOIN {code} ?",
        "de": "{shop}: Diesen Code kennen wir nicht. Meinen Sie JOIN {code}?",
        "en": "{shop}: we do not know that code. Do you mean JOIN {code}?",
    },
    DoorText.CONFIRM: {
        "nl": "{shop}: wil je meedoen en berichten van ons krijgen? Antwoord JA binnen een dag. Zo niet, "
        "dan hoor je niets.",
        "fr": "{shop} : voulez-vous participer et recevoir nos messages ? Répondez OUI dans la journée. Sinon, nous ne "
        "vous écrirons pas.",
        "de": "{shop}: Möchten Sie mitmachen und Nachrichten von uns bekommen? Antworten Sie innerhalb eines Tages "
        "mit JA. Sonst hören Sie nichts.",
        "en": "{shop}: do you want to join and to get messages from us? Answer YES within a day. If not, you will hear "
        "nothing.",
    },
    DoorText.OWN_CODE: {
        "nl": "{shop}: dat is je eigen code. Geef hem aan iemand die ons nog niet kent.",
        "fr": "{shop} : c'est votre propre code. Donnez-le à quelqu'un qui ne nous connaît pas encore.",
        "de": "{shop}: Das ist Ihr eigener Code. Geben Sie ihn jemandem, der uns noch nicht kennt.",
        "en": "{shop}: that is your own code. Give it to somebody who does not know us yet.",
    },
    DoorText.NOT_A_FRIEND: {
        "nl": "{shop}: je doet mee. De code van je vriend levert niets op: die is voor wie hier nieuw is en "
        "ergens anders woont.",
        "fr": "{shop} : vous participez. Le code de votre ami n'apporte rien : il est pour qui est nouveau ici et "
        "habite ailleurs.",
        "de": "{shop}: Sie machen mit. Der Code bringt nichts: Er ist für alle, die hier neu sind und woanders wohnen.",
        "en": "{shop}: you have joined. Your friend's code brings nothing: it is for who is new here and lives "
        "elsewhere.",
    },
}


def door_text(text: DoorText, program: Program, language: str, **words: str) -> str:
    """Say it in a language; one that the house does not speak is answered in the programme's first, or in English."""
    texts = _TEXTS.get(text) or _TEXTS_TO_JOIN[text]
    spoken = next((each[:2] for each in (language, *program.languages) if each[:2] in texts), _OTHERWISE)
    return texts[spoken].format(shop=program.name, **words)
