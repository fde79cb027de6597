"""As much of S3 as a store of pictures asks for: put, get, list by pages, delete many. `server.objects` holds them."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_PAGE = 1_000


class BucketHandler(BaseHTTPRequestHandler):
    """Path style: /bucket/key."""

    protocol_version = "HTTP/1.1"

    @property
    def _objects(self) -> dict[str, bytes]:
        server: Any = self.server
        found: dict[str, bytes] = server.objects
        return found

    def do_PUT(self) -> None:
        self._objects[self._key] = self._body()
        self._answer(200)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._answer(200, self._listing({name: values[0] for name, values in query.items()}))
        elif (found := self._objects.get(self._key)) is not None:
            self._answer(200, found)
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")

    def do_POST(self) -> None:
        for key in re.findall(r"<Key>([^<]+)</Key>", self._body().decode()):
            self._objects.pop(key)
        self._answer(200, b"<DeleteResult/>")

    def log_message(self, *_args: object) -> None:
        """Nothing."""

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).split("/", 2)[2]

    def _body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "aws-chunked" not in self.headers.get("content-encoding", ""):
            return raw
        body, rest = b"", raw
        while rest:
            head, _, rest = rest.partition(b"\r\n")
            size = int(head.split(b";")[0], 16)
            if size == 0:
                return body
            body, rest = body + rest[:size], rest[size + 2 :]
        return body

    def _listing(self, query: dict[str, str]) -> bytes:
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        keys = sorted(key for key in self._objects if key.startswith(prefix) and key > after)
        if query.get("delimiter"):
            groups = sorted({prefix + key[len(prefix) :].partition("/")[0] + "/" for key in keys})
            inner = "".join(f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in groups)
            more = False
        else:
            inner = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in keys[:_PAGE])
            more = len(keys) > _PAGE
        token = f"<NextContinuationToken>{escape(keys[_PAGE - 1])}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{inner}</ListBucketResult>".encode()

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)
