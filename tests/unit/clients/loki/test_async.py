"""Tests with an asynchronous transport: it sends the same requests, and needs no second copy of anything else."""

import asyncio
import json
import time
from email.parser import BytesParser
from itertools import count
from urllib.parse import urlsplit

import grimp
import pytest

from logops.clients.http.request import Failure, FailureKind, Outcome, Request, Response
from logops.clients.http.retries import RetryPolicy, wait_after
from logops.clients.loki import Direction, Entry, LokiClient, LokiRefusedError, LokiUnreachableError, answers, requests
from tests.support.http_servers import Received, http_server

LINES = [Entry(1, {"job": "x"}, "a line", {"trace_id": "7"})]
LOG_QUERY = requests.query_logs("team-a", '{job="x"} |= "a b"', 1, 9, limit=5, direction=Direction.FORWARD)
FOUND = json.dumps(
    {
        "status": "success",
        "data": {"resultType": "streams", "result": [{"stream": {"job": "x"}, "values": [["1", "a line"]]}]},
    }
).encode()
POLICY = RetryPolicy(retry_for_s=5, first_wait_s=0.01)
PURE = [
    *("logops.clients.http." + name for name in ("auth", "request", "retries")),
    *("logops.clients.loki." + name for name in ("answers", "errors", "metrics", "model", "paging", "requests")),
]


async def send(base_url: str, request: Request) -> Outcome:
    """Send a request once with asyncio."""
    address, body = urlsplit(base_url), request.body or b""
    try:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        headers = (*request.headers, ("Host", address.netloc), ("Content-Length", str(len(body))))
        head = [f"{request.method} {request.target} HTTP/1.0", *(f"{name}: {value}" for name, value in headers)]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        status_line = await reader.readline()
        fields = BytesParser().parsebytes(await reader.readuntil(b"\r\n\r\n"))
        content = await reader.read()
        writer.close()
    except OSError as error:
        return Failure(request, base_url, FailureKind.CONNECTION, error.strerror or str(error))
    status = int(status_line.split()[1])
    return Response(request, base_url, status, tuple(fields.items()), content, time.time())


async def send_with_retries(base_url: str, request: Request, policy: RetryPolicy) -> Outcome:
    started = time.monotonic()
    for attempt in count(1):
        outcome = await send(base_url, request)
        wait = wait_after(outcome, policy, attempt=attempt, elapsed_s=time.monotonic() - started, jitter=0.5)
        if wait is None:
            break
        await asyncio.sleep(wait)
    return outcome


def sent(received: Received) -> tuple[str, str, str, bytes]:
    return received.method, received.target, received.headers.get("x-scope-orgid", ""), received.body


def test_async_query_sends_the_same_request_and_reads_the_same_lines_as_the_client() -> None:
    with http_server([(200, FOUND)]) as server:
        outcome = asyncio.run(send_with_retries(server.url, LOG_QUERY, POLICY))
        lines = answers.log_entries(outcome, Direction.FORWARD)
        with LokiClient(server.url) as client:
            expected = client.query_logs("team-a", '{job="x"} |= "a b"', 1, 9, limit=5, direction=Direction.FORWARD)

    assert lines == expected == [Entry(1, {"job": "x"}, "a line")]
    assert sent(server.received[0]) == sent(server.received[1])


def test_async_push_is_retried_and_sends_the_same_body_as_the_client() -> None:
    with http_server([(503, b"starting"), (204, b"")]) as server:
        answers.accepted(asyncio.run(send_with_retries(server.url, requests.push("team-a", LINES), POLICY)))
        with LokiClient(server.url) as client:
            client.push("team-a", LINES)

    refused, retried, pushed = map(sent, server.received)
    assert refused == retried == pushed


def test_async_refusal_is_the_same_error_as_from_the_client() -> None:
    with http_server([(400, b'{"message": "parse error"}')]) as server:
        with pytest.raises(LokiRefusedError) as from_async:
            answers.samples(asyncio.run(send_with_retries(server.url, requests.query("t", "{", 1), POLICY)))
        with LokiClient(server.url) as client, pytest.raises(LokiRefusedError) as from_client:
            client.query("t", "{", 1)

    assert str(from_async.value) == str(from_client.value)
    assert from_async.value.reason == "parse error"


def test_async_request_to_a_closed_port_is_unreachable() -> None:
    with http_server([(200, FOUND)]) as server:
        pass

    with pytest.raises(LokiUnreachableError, match="Is Loki running there"):
        answers.log_entries(asyncio.run(send(server.url, LOG_QUERY)), Direction.FORWARD)


def test_pure_modules_import_no_transport_library_and_no_clock() -> None:
    graph = grimp.build_graph("logops", include_external_packages=True, cache_dir=None)
    impure = {"asyncio", "http", "random", "requests", "socket", "time", "urllib3"} & graph.modules

    chains = [graph.find_shortest_chain(module, library) for module in PURE for library in sorted(impure)]

    assert [chain for chain in chains if chain] == []
    # The transport shows that the graph contains such imports.
    assert graph.find_shortest_chain("logops.clients.http.transport", "requests") is not None
    assert graph.find_shortest_chain("logops.clients.http.transport", "time") is not None
