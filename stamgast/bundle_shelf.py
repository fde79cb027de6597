"""Every bundle that was ever published, for what looks back: verify, and telling why."""

from __future__ import annotations

from stamgast.log.bundles import BundleRecord, decode_bundle, load_record
from stamgast.log.reading import LogReader
from stamgast.service import Bundle


class BundleShelf:
    """Every bundle ever published, compiled when first asked for."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], BundleRecord] = {}
        self._compiled: dict[tuple[str, str], Bundle] = {}
        self._at: dict[int, tuple[str, str]] = {}
        self.newest: dict[str, tuple[int, str]] = {}
        """merchant -> (number, hash) of the bundle published last."""

    async def load(self, bootstrap: str, topic: str) -> None:
        """Read `programs.v1`."""
        async with LogReader(bootstrap) as reader:
            async for records in reader.read_all(topic, 0):
                for record in records:
                    try:
                        bundle = decode_bundle(record.value or b"")
                    except ValueError:  # passed over, as the worker does
                        continue
                    self._records[bundle.merchant, bundle.hash] = bundle
                    self.newest[bundle.merchant] = (record.offset, bundle.hash)
                    self._at[record.offset] = (bundle.merchant, bundle.hash)

    def find(self, merchant: str, content: str, number: int) -> Bundle:
        """Return a bundle by its hash.

        Raises:
            KeyError: it was not published under that number.
            LookupError: it has errors.
        """
        if self._at.get(number) != (merchant, content):
            raise KeyError(content)
        key = (merchant, content)
        if key not in self._compiled:
            loaded = load_record(self._records[key])
            if not loaded.ok:
                raise LookupError(f"bundle {content[:12]} of {merchant} has errors")
            self._compiled[key] = Bundle(number, content, loaded.program, loaded.rules)
        return self._compiled[key]
