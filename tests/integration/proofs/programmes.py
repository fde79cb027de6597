"""Programmes that come past `stamgast publish`."""

from __future__ import annotations

from collections.abc import Mapping

from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from tests.integration.proofs.scene import Scene

GOOD = {
    "program.yaml": "name: De Winkel\ncurrency: EUR\nregion: NL\ntime_zone: Europe/Amsterdam\n"
    "languages: [nl]\nstores: {shop: {}}\n"
}


async def put(scene: Scene, merchant: str, files: Mapping[str, str]) -> int:
    """Append a bundle as it is; nobody checks it."""
    bundle = BundleRecord(merchant=merchant, hash=bundle_hash(files, {}), files=dict(files))
    (offset,) = await scene.parts.appender.append(scene.topics.programs, [(merchant.encode(), encode_bundle(bundle))])
    return offset
