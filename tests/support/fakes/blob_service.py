"""A fake of the Blob service for List Blobs, in XML and in Arrow. Azurite does not support Arrow.

Built from learn.microsoft.com/rest/api/storageservices/list-blobs, and for Arrow from what azure-storage-blob 12.31
reads (its _shared and _list_blobs_helper.py). It can be made to fail. Signatures are not checked.

    python tests/support/fakes/blob_service.py BLOBS xml|arrow

serves BLOBS chunks, prints its endpoint, and ends when its standard input is closed.
"""

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Lock, Thread
from time import monotonic
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
PAGE = 5_000
"""Azure's maximum page size."""
_MODIFIED = datetime(2026, 10, 1, tzinfo=UTC)
_HTTP_TIME = format_datetime(_MODIFIED, usegmt=True)

Failure = Callable[[Mapping[str, str]], "Answer | None"]


@dataclass(frozen=True)
class Answer:
    """An answer that replaces a page."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Send a Content-Length of twice the real length, then close the connection."""


class Listed:
    """The names of a container, and its pages."""

    def __init__(self, names: Sequence[str], page: int = PAGE) -> None:
        self.names = sorted(names, key=str.encode)
        self.page = page
        self._keys = [name.encode() for name in self.names]
        self.answer = lru_cache(maxsize=None)(self._answer)

    def _answer(self, prefix: str, marker: str, first: str, delimiter: str, arrow: bool) -> bytes:
        at = int(marker) if marker else bisect_left(self._keys, max(prefix, first).encode())
        rows: list[str] = []
        prefixes: list[str] = []
        while at < len(self.names) and len(rows) + len(prefixes) < self.page:
            name = self.names[at]
            if not name.startswith(prefix):
                at = len(self.names)
                break
            inner, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            if found:
                prefixes.append(f"{prefix}{inner}{delimiter}")
                at = bisect_left(self._keys, prefixes[-1][:-1].encode() + bytes([ord(delimiter) + 1]))
            else:
                rows.append(name)
                at += 1
        more = at < len(self.names) and self.names[at].startswith(prefix)
        return (_in_arrow if arrow else _in_xml)(rows, prefixes, str(at) if more else "")


def _in_xml(rows: Sequence[str], prefixes: Sequence[str], marker: str) -> bytes:
    """Return a page in XML, with every element that the service sends for a block blob."""
    blobs = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Creation-Time>{_HTTP_TIME}</Creation-Time>"
        f"<Last-Modified>{_HTTP_TIME}</Last-Modified><Etag>0x8DD{at:012X}</Etag>"
        f"<Content-Length>{at % 900_000}</Content-Length><Content-Type>application/octet-stream</Content-Type>"
        "<Content-Encoding /><Content-Language /><Content-CRC64 />"
        "<Content-MD5>Q2hlY2sgSW50ZWdyaXR5IQ==</Content-MD5><Cache-Control /><Content-Disposition />"
        "<BlobType>BlockBlob</BlobType><AccessTier>Cool</AccessTier>"
        f"<AccessTierChangeTime>{_HTTP_TIME}</AccessTierChangeTime><LeaseStatus>unlocked</LeaseStatus>"
        "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties><OrMetadata /></Blob>"
        for at, name in enumerate(rows)
    )
    below = "".join(f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>" for name in prefixes)
    head = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        '<EnumerationResults ServiceEndpoint="http://fake/" ContainerName="c">'
    )
    return f"{head}<Blobs>{blobs}{below}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>".encode()


def _in_arrow(rows: Sequence[str], prefixes: Sequence[str], marker: str) -> bytes:
    names = [*rows, *prefixes]
    blob = len(rows)

    def of_blobs(value: object, kind: pa.DataType) -> pa.Array:
        return pa.array([value] * blob + [None] * len(prefixes), kind)

    time_s = pa.timestamp("s", "UTC")
    table = pa.table(
        {
            "Name": pa.array(names, pa.string()),
            "ResourceType": pa.array(["blob"] * blob + ["blobprefix"] * len(prefixes), pa.string()),
            "Creation-Time": of_blobs(_MODIFIED, time_s),
            "Last-Modified": of_blobs(_MODIFIED, time_s),
            "Etag": of_blobs("0x8DD000000000000", pa.string()),
            "Content-Length": pa.array([at % 900_000 for at in range(blob)] + [None] * len(prefixes), pa.uint64()),
            "Content-Type": of_blobs("application/octet-stream", pa.string()),
            "BlobType": of_blobs("BlockBlob", pa.string()),
            "AccessTier": of_blobs("Cool", pa.string()),
            "AccessTierChangeTime": of_blobs(_MODIFIED, time_s),
            "LeaseStatus": of_blobs("unlocked", pa.string()),
            "LeaseState": of_blobs("available", pa.string()),
            "ServerEncrypted": of_blobs(True, pa.bool_()),
        }
    ).replace_schema_metadata({"NextMarker": marker, "NumberOfRecords": str(len(names))})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


@dataclass
class Served:
    """A running fake service and its recorded requests."""

    endpoint: str
    """URL with the account name in the path, as in Azurite."""
    asked: list[Mapping[str, str]] = field(default_factory=list)
    """The parameters of every listing request, in order of arrival."""
    at: list[float] = field(default_factory=list)
    """The arrival time of each request, in seconds of a monotonic clock."""
    most_at_once: int = 0
    """The largest number of concurrent requests."""
    _at_once: int = 0
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def working_on(self, query: Mapping[str, str]) -> Iterator[None]:
        """Record a request and count it as concurrent until it is answered."""
        with self._lock:
            self.asked.append(query)
            self.at.append(monotonic())
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def blob_service(
    names: Sequence[str] | Listed,
    *,
    arrow: bool = False,
    failure: Failure = lambda _: None,
    account: str = "fake",
    date: Callable[[datetime], str | None] = lambda now: format_datetime(now, usegmt=True),
) -> Iterator[Served]:
    """Serve a container under any name.

    failure   called before each page, from several threads; returns an answer to send in place of the page, or None
    date      returns the value of the header Date, or None for no header
    """
    listed = names if isinstance(names, Listed) else Listed(names)
    served = Served("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            with served.working_on(query):
                self._answer(query)

        def _answer(self, query: Mapping[str, str]) -> None:
            instead = None if query.get("maxresults") == "1" else failure(query)
            if instead is None:
                may = arrow and ARROW in self.headers.get("Accept", "")
                wanted = (query.get(name, "") for name in ("prefix", "marker", "startFrom", "delimiter"))
                kind = ARROW if may else "application/xml"
                instead = Answer(body=listed.answer(*wanted, may), headers={"Content-Type": kind})
            self.send_response_only(instead.status)
            if told := date(datetime.now(UTC)):
                self.send_header("Date", told)
            for name, value in instead.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(instead.body) * (2 if instead.cut else 1)))
            self.end_headers()
            self.wfile.write(instead.body)
            if instead.cut:
                self.wfile.flush()
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.endpoint = f"http://127.0.0.1:{server.server_port}/{account}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def chunk_names(count: int) -> Iterator[str]:
    """Yield chunk names in Loki's format, of four tenants."""
    tenants = ("application", "audit-trail", "network", "platform")
    start = 1_760_000_000_000
    numbers = ((at * 0x9E3779B97F4A7C15) % (1 << 64) for at in range(count))
    for at, number in enumerate(numbers):
        begin = start + at * 7
        yield f"{tenants[at % 4]}/{number:x}/{begin:x}-{begin + 3_600_000:x}-{number >> 32:x}"


def main() -> None:
    count, kind = int(sys.argv[1]), sys.argv[2]
    with blob_service([*islice(chunk_names(count), count)], arrow=kind == "arrow") as served:
        print(served.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
