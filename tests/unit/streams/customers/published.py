"""Programmes as they stand on `programs.v1`, good and bad."""

from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle

PROGRAM = (
    "merchant: {0}\nname: De Winkel\ncurrency: EUR\nregion: NL\ntime_zone: Europe/Amsterdam\nlanguages: [nl]\n"
    "stores: {{hoek: {{}}}}\n"
)
BAD = "cards: 12\n"


def packed(merchant: str, more: str = "") -> bytes:
    """A bundle's record."""
    files = {"program.yaml": PROGRAM.format(merchant) + more}
    return encode_bundle(BundleRecord(merchant=merchant, hash=bundle_hash(files, {}), files=files))
