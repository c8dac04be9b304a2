"""A small server that receives shipped logs, as Loki would. It can be down, and answer as a test wants."""

import gzip
import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

Answer = tuple[int, str]
"""Status and text."""


@dataclass(frozen=True)
class ReceivedRecord:
    """A record, as the server decoded it."""

    time_ns: int
    line: str
    labels: str
    """As Loki writes them; for OTLP, a dict's text."""
    metadata: dict[str, str]


@dataclass(frozen=True)
class ReceivedPush:
    """A request that was answered with 2xx, or was not."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    records: list[ReceivedRecord]
    status: int


class _Server(ThreadingHTTPServer):
    """A server that lets many agents connect at once, as Loki does.

    With the default of 5, a busy machine breaks connections: an agent then sends lines again that it need not.
    """

    request_queue_size = 128


class LogReceiver:
    """A server at one address. `with LogReceiver() as receiver:` starts and stops it."""

    def __init__(
        self,
        answer: Callable[[list[ReceivedRecord]], Answer] | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """
        answer       called with the records of each request; default: 204
        certificate  file of the certificate and of its key: the server then speaks TLS
        """
        self.pushes: list[ReceivedPush] = []
        self.answer = answer or (lambda records: (204, ""))
        self.headers: dict[str, str] = {}
        """More headers of each answer."""
        self.cut_connections: int | None = None
        """Connections that were closed without an answer; None: connections are answered."""
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def start_again(self) -> None:
        """Listen at the same port as before."""
        self._server = _Server(("127.0.0.1", self.port), self._handler())
        self.start()

    def cut_off(self) -> None:
        """Close every connection, and from now on each new one without an answer, until `reconnect`."""
        self.cut_connections = 0
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def reconnect(self) -> None:
        self.cut_connections = None

    @property
    def records(self) -> list[ReceivedRecord]:
        """The records that were acknowledged, in order."""
        return [record for push in self.pushes if push.status < 300 for record in push.records]

    @property
    def lines(self) -> list[str]:
        return [record.line for record in self.records]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                if receiver.cut_connections is not None:
                    receiver.cut_connections += 1
                    return
                receiver._connections.add(self.connection)
                super().handle()
                receiver._connections.discard(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                records = _decode(self.path, self.headers["Content-Type"], body)
                status, text = receiver.answer(records)
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.pushes.append(ReceivedPush(self.path, headers, records, status))
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if status != 204:
                    self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Keep the test's output free of access logs."""

        return Handler


def _decode(path: str, content_type: str, body: bytes) -> list[ReceivedRecord]:
    if path.endswith("/v1/logs"):
        return decode_otlp(body)
    return decode_json_push(body) if content_type.startswith("application/json") else decode_push(body)


def decode_json_push(body: bytes) -> list[ReceivedRecord]:
    """Return the records of a push request in JSON, as Fluent Bit sends it."""
    return [
        ReceivedRecord(int(time_ns), line, _label_text(stream["stream"]), metadata[0] if metadata else {})
        for stream in json.loads(body)["streams"]
        for time_ns, line, *metadata in stream["values"]
    ]


def _label_text(labels: dict[str, str]) -> str:
    return f"{{{', '.join(f'{name}={json.dumps(value, ensure_ascii=False)}' for name, value in labels.items())}}}"


def decode_push(body: bytes) -> list[ReceivedRecord]:
    """Return the records of a push request."""
    request = _push_request()
    request.ParseFromString(_snappy(body))
    return [
        ReceivedRecord(
            entry.timestamp.seconds * 10**9 + entry.timestamp.nanos,
            # Promtail and Alloy send bytes that are not UTF-8 as they are.
            entry.line.decode("utf-8", "surrogateescape"),
            stream.labels,
            {pair.name: pair.value for pair in entry.metadata},
        )
        for stream in request.streams
        for entry in stream.entries
    ]


def decode_otlp(body: bytes) -> list[ReceivedRecord]:
    """Return the records of an OTLP request."""
    request = ExportLogsServiceRequest()
    request.ParseFromString(body)
    return [
        ReceivedRecord(
            log.time_unix_nano,
            log.body.string_value,
            str({pair.key: pair.value.string_value for pair in resource.resource.attributes}),
            {pair.key: pair.value.string_value for pair in log.attributes},
        )
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for log in scope.log_records
    ]


def _push_request() -> Any:
    """Return an empty logproto.PushRequest, described here as in Loki's pkg/push/push.proto."""
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package="push", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    messages: dict[str, list[tuple[str, int, Any, str]]] = {
        "Time": [("seconds", 1, field.TYPE_INT64, ""), ("nanos", 2, field.TYPE_INT32, "")],
        "Pair": [("name", 1, field.TYPE_STRING, ""), ("value", 2, field.TYPE_STRING, "")],
        "Entry": [
            ("timestamp", 1, field.TYPE_MESSAGE, "Time"),
            ("line", 2, field.TYPE_BYTES, ""),
            ("metadata", 3, field.TYPE_MESSAGE, "*Pair"),
        ],
        "Stream": [("labels", 1, field.TYPE_STRING, ""), ("entries", 2, field.TYPE_MESSAGE, "*Entry")],
        "Request": [("streams", 1, field.TYPE_MESSAGE, "*Stream")],
    }
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind, type_name in fields:
            repeated = type_name.startswith("*")
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            message.field.add(
                name=field_name,
                number=number,
                type=kind,
                label=label,
                type_name=f".push.{type_name.lstrip('*')}" if type_name else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("push.Request"))()


def _snappy(block: bytes) -> bytes:
    """Return the content of a snappy block (google/snappy, format_description.txt)."""
    offset = next(number for number, byte in enumerate(block) if byte < 0x80) + 1
    output = bytearray()
    while offset < len(block):
        tag = block[offset]
        offset += 1
        if tag & 3 == 0:
            length = tag >> 2
            extra = max(0, length - 59)
            if extra:
                length = int.from_bytes(block[offset : offset + extra], "little")
            offset += extra
            output += block[offset : offset + length + 1]
            offset += length + 1
            continue
        if tag & 3 == 1:
            length, distance, extra = 4 + (tag >> 2 & 7), tag >> 5 << 8 | block[offset], 1
        else:
            extra = 2 if tag & 3 == 2 else 4
            length, distance = (tag >> 2) + 1, int.from_bytes(block[offset : offset + extra], "little")
        offset += extra
        copied = output[-distance:]
        output += (copied * (length // distance + 1))[:length]
    return bytes(output)
