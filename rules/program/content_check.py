"""What `contents/` says held against program.yaml, and against what was pushed of it."""

from collections.abc import Callable, Mapping

from rules.program.approved_contents import STATES, Content, compare_places
from rules.program.content_lock import Approval, Lock
from rules.program.contents import ContentFile
from rules.yaml.nodes import MapNode, Mark, Node
from rules.yaml.reader import Reader
from stamgast.domain.program import Program

PUSH = "`stamgast templates push` does it."


def check_contents(
    reader_of: Callable[[str], Reader], root: Node, program: Program, contents: Mapping[str, ContentFile], lock: Lock
) -> None:
    """Note places that nothing fills, at program.yaml; and what was not pushed or is not approved, at the files."""
    templates = root.get("templates") if isinstance(root, MapNode) else None
    for name, file in contents.items():
        entry = templates.get(name) if isinstance(templates, MapNode) else None
        pushed = {each.held.sid for each in lock.get(name, {}).values()}
        by_hand = not pushed.issuperset(program.templates[name].whatsapp.values())
        reader = reader_of(f"contents/{name}.yaml")
        if isinstance(entry, MapNode) or any(written.places for written in file.languages.values()):
            _compare(reader_of("program.yaml"), entry or root, program, file)
        for language in file.languages:
            if not by_hand:
                _look_at_push(reader, file, language, lock)


def _compare(reader: Reader, entry: Node, program: Program, file: ContentFile) -> None:
    variables = entry.get("variables") if isinstance(entry, MapNode) else None
    for language, written in file.languages.items():
        numbers = tuple(each for each in written.places if each.isdecimal())  # of others it was told at the text
        told = Content("", language, written.text, numbers, file.samples, "")
        template = program.templates[file.template]
        compare_places(reader, variables or entry, template, language, told, called="text for WhatsApp")


def _look_at_push(reader: Reader, file: ContentFile, language: str, lock: Lock) -> None:
    mark, locked = file.marks.get(language, Mark(1, 1)), lock.get(file.template, {}).get(language)
    if locked is None:
        message = f"the text in {language} was never pushed: nothing goes out with it over WhatsApp"
        reader.problem(mark, message, PUSH, warning=True)
        return
    newest, is_sent = locked.newest, locked.held.approval == Approval.APPROVED
    so = "the one before it goes on being sent" if is_sent else "nothing goes out with it over WhatsApp"
    if newest.digest != file.digest(language):
        reader.problem(mark, f"the text in {language} was changed since it was pushed: {so}", PUSH, warning=True)
    elif newest.approval != Approval.APPROVED:
        state = STATES.get(newest.approval, f'is "{newest.approval}" at WhatsApp')
        why = f", for {newest.reason}" if newest.reason else ""
        hint = "`stamgast templates status` asks again."
        reader.problem(mark, f"the text in {language} {state}{why}: {so}", hint, warning=True)
