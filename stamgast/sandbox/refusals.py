"""Twilio's error answers: a code, a sentence, a link, an HTTP status."""

from typing import Any


class TwilioRefusalError(Exception):
    """A request that Twilio would refuse at once."""

    def __init__(self, code: int, status: int, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return error_body(self.code, self.status, self.message)


def error_body(code: int, status: int, message: str) -> dict[str, Any]:
    """An error as Twilio writes it."""
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
