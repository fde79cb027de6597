"""Write the digests of the images that docker-compose.yml and the Dockerfile name by tags: `name:tag@sha256:…`.

A tag is what its registry makes of it today; a digest is what was looked at. Each is asked of the image's own registry
and checked against the bytes that it stands for. Needs a network and neither Docker nor any package. Run it again for
newer images; `--check` writes nothing and ends with 1 while an image is named by its tag alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
FILES: Final = ("docker-compose.yml", "Dockerfile")
OURS: Final = "stamgast"
"""The image that is built here: no registry has it."""
_NAMED: Final = re.compile(
    r"^(\s*image: |FROM )([^\s@:]+(?::\d+/[^\s@:]+)?):([^\s@]+)(?:@(sha256:[0-9a-f]{64}))?", re.MULTILINE
)
_HUB: Final = "registry-1.docker.io"
_KINDS: Final = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_PATIENCE_S: Final = 30


class NotPinnedError(Exception):
    """A registry did not say which image a tag names, or said one thing and gave another."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as a file names it."""

    name: str
    tag: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"

    @property
    def place(self) -> tuple[str, str]:
        """Registry and repository."""
        first, _, rest = self.name.partition("/")
        if rest and ("." in first or ":" in first or first == "localhost"):
            return first, rest
        return _HUB, self.name if rest else f"library/{self.name}"


def images_in(text: str) -> list[Image]:
    """Every image of a compose file or a Dockerfile that comes from a registry."""
    found = (Image(name, tag, digest or "") for _, name, tag, digest in _NAMED.findall(text))
    return [image for image in dict.fromkeys(found) if image.name != OURS]


def digest_of(image: Image, *, scheme: str = "https") -> str:
    """What the tag names today, for every kind of machine. Raises `NotPinnedError`."""
    registry, repository = image.place
    url = f"{scheme}://{registry}/v2/{repository}/manifests/{image.tag}"
    try:
        told, body = _get(url, repository)
    except (OSError, ValueError, KeyError) as error:
        raise NotPinnedError(f"{image}: {registry} did not tell: {error}") from None
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if told not in ("", digest):
        raise NotPinnedError(f"{image}: {registry} calls it {told}, and what it gave is {digest}")
    return digest


def _get(url: str, repository: str) -> tuple[str, bytes]:
    """The digest that the registry names, and the manifest itself; with a token where it asks for one."""
    headers = {"Accept": _KINDS}
    try:
        return _read(url, headers)
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        asked = dict(re.findall(r'(\w+)="([^"]*)"', error.headers.get("WWW-Authenticate", "")))
        error.close()
    scope = urllib.parse.urlencode({"service": asked.get("service", ""), "scope": f"repository:{repository}:pull"})
    _, answer = _read(f"{asked['realm']}?{scope}", {})
    given = json.loads(answer)
    return _read(url, headers | {"Authorization": f"Bearer {given.get('token') or given['access_token']}"})


def _read(url: str, headers: dict[str, str]) -> tuple[str, bytes]:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"it sends us to {url}")
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  looked at above
    with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
        return answer.headers.get("Docker-Content-Digest", ""), answer.read()


def pinned(text: str, digests: dict[str, str]) -> str:
    """The same text with the digests behind the tags; `digests` has them by name and tag."""

    def written(match: re.Match[str]) -> str:
        image = f"{match[2]}:{match[3]}"
        return f"{match[1]}{image}@{digests[image]}" if image in digests else match[0]

    return _NAMED.sub(written, text)


def main(arguments: Iterable[str] | None = None, root: Path = ROOT, *, scheme: str = "https") -> int:
    """Pin; 1 if something stays as it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if an image has no digest")
    options = parser.parse_args(None if arguments is None else list(arguments))
    texts = {name: (root / name).read_text() for name in FILES}
    images = {str(image): image for text in texts.values() for image in images_in(text)}
    if options.check:
        loose = sorted(name for name, image in images.items() if not image.digest)
        print("\n".join(f"{name} is named by its tag alone: make pin-images" for name in loose) or "all have digests")
        return 1 if loose else 0
    digests = {}
    for name, image in images.items():
        try:
            digests[name] = digest_of(image, scheme=scheme)
        except NotPinnedError as error:
            print(f"{error}: left as it is")
        else:
            print(f"{name} is {digests[name]}{'' if digests[name] != image.digest else ', as before'}")
    for name, text in texts.items():
        (root / name).write_text(pinned(text, digests))
    return 0 if len(digests) == len(images) else 1


if __name__ == "__main__":
    sys.exit(main())
