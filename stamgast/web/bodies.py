"""How much of all requests' bodies is in memory at once: a thousand batches of 4 MB would be more than there is."""

from stamgast.web.problem import unavailable


class Bodies:
    """Refuses a body that finds no room with 503; nothing of its request was taken.

    Small ones always find some, or batches could keep a STOP out; ten thousand of them are not too much.
    """

    def __init__(self, most: int, small: int) -> None:
        self._most = most
        self._small = small
        self._held = 0

    def take(self, held: int, size: int) -> int:
        """Hold `size` bytes more of a request that has `held`; return how many it has then. Raises `Problem`."""
        if held + size > self._small and self._held + size > self._most:
            raise unavailable("There is no room for more requests now. Send it again in a moment.")
        self._held += size
        return held + size

    def give_back(self, held: int) -> None:
        """A request that had so many is answered."""
        self._held -= held
