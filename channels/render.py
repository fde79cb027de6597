"""From a template and its variables to what is sent: an SMS text, or the variables of a WhatsApp template.

Jinja2, as far as messages need it (`rules.program.template_language`); an unknown variable is an error, never an empty
space. Meta refuses WhatsApp variables that hold a line break, a tab or more than four spaces in a row, so white space
becomes single spaces; and those that are empty or exceed 1,600 characters, which is checked here, so that the mistake
shows before anything is sent.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from jinja2 import Template, TemplateSyntaxError, UndefinedError, meta

from rules.program.template_language import (
    LONGEST_SOURCE,
    RENDERING,
    NotAllowedError,
    TooMuchError,
    compile_message,
    parse_message,
    render_bounded,
)

_MAX_VARIABLES: Final = 100
_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,16}")
_CONTENT_SID: Final = re.compile(r"HX[0-9a-fA-F]{32}")


class RenderError(Exception):
    """A template cannot be rendered. The text names the template, its locale and the variable, never a value."""

    def __init__(self, template: str, locale: str, message: str, variable: str = "") -> None:
        self.template, self.locale, self.variable, self.message = template, locale, variable, message
        where = f", variable {variable}" if variable else ""
        super().__init__(f"template {template} ({locale}){where}: {message}")


class CostlyError(RenderError):
    """Making the message takes more than a message may take."""


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Template:
    return compile_message(RENDERING, source)


@lru_cache(maxsize=4096)
def variables_used(source: str) -> frozenset[str]:
    """Names that a template asks for. Raises `jinja2.TemplateSyntaxError` for what is no template."""
    return frozenset(meta.find_undeclared_variables(parse_message(RENDERING, source)))


def is_content_sid(text: str) -> bool:
    """True for `HX` and 32 hexadecimal digits."""
    return _CONTENT_SID.fullmatch(text) is not None


def render_text(source: str, variables: Mapping[str, object], *, template: str, locale: str, longest: int) -> str:
    """A text of at most `longest` characters, stripped of surrounding white space. Raises `RenderError`."""
    text = _render(source, variables, template, locale, "").strip()
    if not text:
        raise RenderError(template, locale, "the text is empty")
    if len(text) > longest:
        raise RenderError(template, locale, f"the text has {len(text)} characters; at most {longest} are allowed")
    return text


def render_variables(
    sources: Mapping[str, str], variables: Mapping[str, object], *, template: str, locale: str, longest: int
) -> dict[str, str]:
    """The variables of an approved template, each rendered and checked. Raises `RenderError`."""
    if len(sources) > _MAX_VARIABLES:
        raise RenderError(template, locale, f"has {len(sources)} variables; at most {_MAX_VARIABLES} are allowed")
    rendered = {}
    for key, source in sources.items():
        if not _KEY.fullmatch(key):
            raise RenderError(template, locale, "its name must be 1 to 16 letters, digits or underscores", key)
        value = " ".join(_render(source, variables, template, locale, key).split())
        complaint = variable_complaint(value, longest)
        if complaint:
            raise RenderError(template, locale, complaint, key)
        rendered[key] = value
    return rendered


def variable_complaint(value: str, longest: int) -> str:
    """Why Meta would refuse this value, or nothing."""
    if not value:
        return "is empty"
    if len(value) > longest:
        return f"has {len(value)} characters; at most {longest} are allowed"
    return ""


def _render(source: str, variables: Mapping[str, object], template: str, locale: str, key: str) -> str:
    if len(source) > LONGEST_SOURCE:
        what = f"has {len(source):,} characters, and no more than {LONGEST_SOURCE:,} are read for a message"
        raise CostlyError(template, locale, what, key)
    try:
        return render_bounded(_compiled(source), variables)
    except TooMuchError as error:
        raise CostlyError(template, locale, str(error), key) from error
    except RecursionError as error:
        raise CostlyError(template, locale, "is nested too deeply", key) from error
    except UndefinedError as error:
        missing = sorted(variables_used(source) - set(variables))
        known = ", ".join(sorted(variables)) or "none"
        what = f"{', '.join(missing)} not given (given: {known})" if missing else str(error.message)
        raise RenderError(template, locale, what, key or ", ".join(missing)) from error
    except TemplateSyntaxError as error:
        kind = CostlyError if isinstance(error, NotAllowedError) else RenderError
        raise kind(template, locale, f"line {error.lineno}: {error.message}", key) from error
    except Exception as error:  # whatever it is, it may cost this message and no other merchant's
        # What expressions do wrong, or a depth that Python refuses. Its text may quote a value: name the kind only.
        raise RenderError(template, locale, f"cannot be rendered ({type(error).__name__})", key) from error
