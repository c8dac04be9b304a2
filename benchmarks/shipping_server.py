"""A server that acknowledges every request at once and counts the lines in it, for benchmarks.shipping.

    python -m benchmarks.shipping_server

Prints its port. Every POST is answered with 204. A GET is answered with the numbers of lines and of bytes that arrived.
A line is counted by its mark, so the server decompresses requests, but does not decode them.
"""

import json
import socket
import threading
import zlib
from typing import BinaryIO

from cramjam import snappy

MARK = b"@line@"
"""Once in every line."""


class Server:
    """Connections, a thread for each."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._lines = 0
        self._bytes = 0

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def serve_forever(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb", 1 << 20) as requests:
            while request := requests.readline():
                headers = _read_headers(requests)
                body = requests.read(int(headers.get(b"content-length", b"0")))
                if request.startswith(b"GET"):
                    text = json.dumps({"lines": self._lines, "bytes": self._bytes}).encode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
                    continue
                count = _decompressed(body, request, headers).count(MARK)
                with self._lock:
                    self._lines += count
                    self._bytes += len(body)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def _decompressed(body: bytes, request: bytes, headers: dict[bytes, bytes]) -> bytes:
    if headers.get(b"content-encoding") == b"gzip":
        return zlib.decompress(body, wbits=31)
    is_snappy = b"/push " in request and headers.get(b"content-type") == b"application/x-protobuf"
    return bytes(snappy.decompress_raw(body)) if is_snappy else body


def _read_headers(requests: BinaryIO) -> dict[bytes, bytes]:
    headers = {}
    while (line := requests.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return headers


if __name__ == "__main__":
    server = Server()
    print(server.port, flush=True)
    server.serve_forever()
