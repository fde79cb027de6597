"""Whether a colour can be read on another (WCAG 2.2, 1.4.3). Colours are `#rrggbb`."""


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white), as WCAG reckons it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def channels_of(colour: str) -> tuple[int, ...]:
    """Red, green and blue, from 0 to 255."""
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in channels_of(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
