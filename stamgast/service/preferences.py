"""What an answer fills in of the customer's own state; the sealed profile is filled by the door (docs/adr/0184)."""

from stamgast.domain.conversation import Conversation
from stamgast.domain.preferences import Fills
from stamgast.domain.questions import Question
from stamgast.service.case import Case
from stamgast.service.tags import change_tags


def fill(case: Case, question: Question, answer: str, talk: Conversation) -> None:
    """Note what they said of themselves. Of the options of one question the newest counts."""
    customer, tag = case.customer, ""
    match question.fills:
        case Fills.BIRTHDAY:
            customer.birthday = answer
        case Fills.LANGUAGE:
            customer.language = answer
        case Fills.TAGS:
            tag = answer
            change_tags(case, add=(tag,), remove=tuple(each for each in question.options if each != tag))
        case Fills.FIRST_NAME | None:
            pass
    known = {name: value for name, value in talk.filled.items() if name in case.program.questions}
    talk.filled = {**known, question.id: (tag, case.at)}
