"""Names of people as messages say them."""

import unicodedata


def tidy_name(text: str) -> str:
    """A name without white space around it, with single spaces inside and composed letters; empty for what is none."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return composed if any(each.isalnum() for each in composed) else ""
