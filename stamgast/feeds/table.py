"""All feeds in force and how far each has come, in memory: a view of `feeds.v1`."""

from contextlib import suppress

from stamgast.domain.errors import UNREADABLE
from stamgast.feeds.record import Feed, Name, Progress, decode_feed, decode_progress, read_key
from stamgast.log.tables import Table


class FeedTable(Table):
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        super().__init__()
        self._feeds: dict[Name, Feed] = {}
        self._progress: dict[Name, dict[int, Progress]] = {}

    def forget(self) -> None:
        """Begin anew."""
        self._feeds.clear()
        self._progress.clear()

    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in one; what is nothing of ours, or is taken away, leaves nothing behind."""
        named = read_key(key)
        if named is None:
            return
        name, partition = named
        if partition is None:
            self._feeds.pop(name, None)
            with suppress(*UNREADABLE):
                feed = decode_feed(value or b"")
                if feed.id == name:
                    self._feeds[name] = feed
            return
        of_feed = self._progress.setdefault(name, {})
        of_feed.pop(partition, None)
        with suppress(*UNREADABLE):
            of_feed[partition] = decode_progress(value or b"")
        if not of_feed:
            del self._progress[name]

    def all(self, merchant: str = "") -> list[Feed]:
        """All of them, or a merchant's, by name."""
        return [feed for name, feed in sorted(self._feeds.items()) if merchant in ("", name.merchant)]

    def find(self, name: Name) -> Feed | None:
        """The one of that name."""
        return self._feeds.get(name)

    def progress(self, feed: Feed) -> dict[int, Progress]:
        """How far it is in each partition where something is known of it; in some it may not have begun this turn."""
        return dict(self._progress.get(feed.id, {}))

    def is_gone(self, feed: Feed) -> bool:
        """Whether the other side said that it is gone for good, and nobody resumed it since."""
        return any(each.gone_at_wake >= feed.wake for each in self._progress.get(feed.id, {}).values())
