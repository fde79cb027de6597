"""How many of something, in words for people: `1 purchase`, `1,200 purchases`."""


def so_many(number: int, one: str, several: str = "") -> str:
    """A number and what it counts; `several` where that is more than an s behind `one`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def how_often(number: int) -> str:
    """How often: `once`, `1,200 times`."""
    return "once" if number == 1 else f"{number:,} times"
