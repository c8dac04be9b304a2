"""A server that acknowledges every request at once and counts the lines in it, for benchmarks.shipping.

    python -m benchmarks.shipping_server

Prints its port. Every POST is answered with 204. A GET is answered with the number of lines that arrived. A line is
counted by its mark, so the server decodes nothing, but for gzip.
"""

import socket
import threading
import zlib
from typing import BinaryIO

MARK = b"@line@"
"""Once in every line."""


class Server:
    """Connections, a thread for each."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._lines = 0

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
                    text = str(self._lines).encode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
                    continue
                if headers.get(b"content-encoding") == b"gzip":
                    body = zlib.decompress(body, wbits=31)
                count = body.count(MARK)
                with self._lock:
                    self._lines += count
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


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
