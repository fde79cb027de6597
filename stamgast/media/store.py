"""Where pictures lie: a folder, or a bucket of S3 (or of what speaks like it). Blocking: call from a thread."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from stamgast.media.record import day_of_object

_HINT: Final = "give a folder, or s3://bucket/prefix, with ?endpoint=https://… for a store that is not Amazon's"


class StoreError(Exception):
    """The store cannot be reached or refuses; the text says which and why."""


class ObjectStore(Protocol):
    """Named bytes. All of these raise `StoreError`."""

    def put(self, name: str, value: bytes) -> None:
        """Keep it whole or not at all; what had the name is replaced."""
        ...

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, if anything."""
        ...

    def days(self) -> list[int]:
        """The days (counted from 1970) of which anything is kept."""
        ...

    def drop_day(self, day: int) -> int:
        """Remove all of a day, and say how much that was."""
        ...


def open_store(where: str) -> ObjectStore:
    """The store that a setting names; nothing is asked of it yet.

    Raises:
        ValueError: it names none, or a library is not there.
    """
    parts = urlsplit(where)
    if parts.scheme == "s3":
        if not parts.hostname:
            raise ValueError(f"{where!r} names no bucket: {_HINT}")
        options = parse_qs(parts.query)
        if unknown := sorted(set(options) - {"endpoint", "region"}):
            raise ValueError(f"{where!r}: {unknown[0]} is unknown, known are endpoint and region")
        first = {name: values[0] for name, values in options.items()}
        return BucketStore(parts.netloc, parts.path.strip("/"), first.get("endpoint"), first.get("region"))
    if "://" in where or not where:
        raise ValueError(f"{where!r} is no store of pictures: {_HINT}")
    return FolderStore(Path(where))


class FolderStore:
    """A folder, with one for each day in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, value: bytes) -> None:
        """As of `ObjectStore`."""
        place = self._folder / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
            beside.write_bytes(value)
            beside.replace(place)
        except OSError as error:
            raise StoreError(f"{self._folder}: {error.strerror or error}") from error

    def get(self, name: str) -> bytes | None:
        """As of `ObjectStore`."""
        try:
            return (self._folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"{self._folder}: {error.strerror or error}") from error

    def days(self) -> list[int]:
        """As of `ObjectStore`."""
        try:
            names = [each.name for each in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self._folder}: {error.strerror or error}") from error
        return sorted(day for name in names if (day := day_of_object(f"{name}/")) is not None)

    def drop_day(self, day: int) -> int:
        """As of `ObjectStore`."""
        place = self._folder / f"{day:07d}"
        try:
            count = sum(not each.name.startswith(".") for each in place.iterdir())
            shutil.rmtree(place)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StoreError(f"{self._folder}: {error.strerror or error}") from error
        return count


class BucketStore:
    """A bucket. Credentials are boto3's own affair: its environment variables, its files, or the machine's role."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None, region: str | None) -> None:
        try:
            import boto3  # noqa: PLC0415  an extra, which a folder does not need
            from botocore.config import Config  # noqa: PLC0415
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        except ImportError:
            raise ValueError("s3:// needs boto3: install stamgast with its extra s3") from None
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._faults = (BotoCoreError, ClientError)
        self._is_fault = ClientError
        patience = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
        self._client: Any = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=patience)

    def put(self, name: str, value: bytes) -> None:
        """As of `ObjectStore`."""
        self._ask(self._client.put_object, Key=self._prefix + name, Body=value)

    def get(self, name: str) -> bytes | None:
        """As of `ObjectStore`."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            return bytes(found["Body"].read())
        except self._faults as error:
            if isinstance(error, self._is_fault) and error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise self._told(error) from error

    def days(self) -> list[int]:
        """As of `ObjectStore`."""
        found = set()
        for page in self._pages(Prefix=self._prefix, Delimiter="/"):
            for each in page.get("CommonPrefixes", ()):
                day = day_of_object(each["Prefix"].removeprefix(self._prefix))
                found |= {day} - {None}
        return sorted(day for day in found if day is not None)

    def drop_day(self, day: int) -> int:
        """As of `ObjectStore`."""
        count = 0
        for page in self._pages(Prefix=f"{self._prefix}{day:07d}/"):
            keys = [{"Key": each["Key"]} for each in page.get("Contents", ())]
            if keys:
                self._ask(self._client.delete_objects, Delete={"Objects": keys, "Quiet": True})
                count += len(keys)
        return count

    def _pages(self, **what: Any) -> Iterator[dict[str, Any]]:
        try:
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **what)
        except self._faults as error:
            raise self._told(error) from error

    def _ask(self, call: Any, **what: Any) -> None:
        try:
            call(Bucket=self._bucket, **what)
        except self._faults as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> StoreError:
        return StoreError(f"s3://{self._bucket}: {error}")
