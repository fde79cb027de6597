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


def door_text(text: DoorText, program: Program, language: str, **words: str) -> str:
    """Say it in a language; one that the house does not speak is answered in the programme's first, or in English."""
    texts = _TEXTS[text]
    spoken = next((each[:2] for each in (language, *program.languages) if each[:2] in texts), _OTHERWISE)
    return texts[spoken].format(shop=program.name, **words)
