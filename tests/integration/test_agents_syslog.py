"""Real agents receive syslog as the model of the pipeline says.

TCP and UDP, RFC 5424 and RFC 3164, with and without TLS.
"""

import socket
import ssl
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from logops.environment import Environment
from logops.environment.sources import SyslogSource
from logops.pipelines.syslog import syslog_sample
from logops.pipelines.text import from_bytes
from tests.support.agent_corpus import AGENT, Arrived, differences, expected_of, received
from tests.support.agent_processes import AGENTS, running
from tests.support.agent_programs import agent_program
from tests.support.azurites import free_port
from tests.support.certificates import Certificates, certificates
from tests.support.environments import environment
from tests.support.log_receiver import LogReceiver
from tests.support.syslog_client import by_counts, by_newlines, send_udp, tcp_connection
from tests.support.waiting import becomes_true

RFC_5424 = (
    b'<165>1 2026-11-28T10:00:00.003Z web-1.example.com shop - ID47 [a@32473 iut="3" source="Application"] with data',
    b"<34>1 2026-11-28T10:00:01.123456+01:00 host su 123 - - \xef\xbb\xbfwith a byte order mark",
    b"<34>1 2026-11-28T10:00:02Z host app - - - without a fraction",
    b"<34>1 - host app - - - without a time",
    b"<34>1 2026-11-28T10:00:03.5Z - - - - - without host and application",
    b'<34>1 2026-11-28T10:00:04.5Z host app - - [a b="\\]"][c d="e"] with two elements',
    b"<34>1 2026-11-28T10:00:05.5Z host app - - -",
    b"<34>1 2026-11-28T10:00:06.5Z host app - - - " + b"x" * 40_000,
    b"<34>what is this",
    b"<34>1 2026-11-28T10:00:07.5Z host app - - - after the others",
)
RFC_3164 = (
    b"<34>Nov 28 10:00:00 host su[42]: with a process",
    b"<13>Nov  8 10:00:01 host app: at a day of one digit",
    b"<13>Nov 28 10:00:02 host without an application",
    b"<13>Nov 28 10:00:03 host app: after the others",
)
MESSAGES: Mapping[str, tuple[bytes, ...]] = {
    "tcp": RFC_5424,
    "counted": RFC_5424,
    "udp": RFC_5424,
    "tls": RFC_5424,
    "mutual-tls": RFC_5424,
    "old-tcp": RFC_3164,
    "old-udp": RFC_3164,
}
"""Messages of each source. `counted`: with octet counting."""


def sources(files: Certificates) -> dict[str, dict[str, Any]]:
    server = {"cert_file": str(files.server.cert_file), "key_file": str(files.server.key_file)}
    settings: dict[str, dict[str, Any]] = {
        "tcp": {},
        "counted": {},
        "udp": {"protocol": "udp"},
        "tls": {"tls": server},
        "mutual-tls": {"tls": {**server, "client_ca_file": str(files.ca_file)}},
        "old-tcp": {"message_format": "rfc3164"},
        "old-udp": {"message_format": "rfc3164", "protocol": "udp"},
    }
    common = {"kind": "syslog", "cluster": "main", "tenant": "platform"}
    return {name: {**common, "labels": {"job": name}, **more} for name, more in settings.items()}


def syslog_environment(kind: str, files: Certificates, *left_out: str) -> Environment:
    chosen = {name: source for name, source in sources(files).items() if name not in left_out}
    agent = {"kind": kind, "sources": list(chosen)}
    return environment("local", ("sources", chosen), ("agents", {AGENT: agent}))


def expected(declared: Environment, name: str) -> Counter[Arrived]:
    source, kind = declared.sources[name], declared.agents[AGENT].kind
    assert isinstance(source, SyslogSource)
    samples = [syslog_sample(source, from_bytes(message), time.time_ns(), kind) for message in MESSAGES[name]]
    return expected_of(declared, name, samples)


@pytest.fixture(params=AGENTS)
def kind(request: pytest.FixtureRequest) -> str:
    if request.param != "promtail":
        agent_program(request.param)
    return str(request.param)


def test_syslog_messages_are_sent_as_the_model_says(kind: str, tmp_path: Path) -> None:
    started_ns = time.time_ns()
    files = certificates(tmp_path)
    # Fluent Bit does not recognise octet counting: docs/agents.md.
    declared = syslog_environment(kind, files, *(["counted"] if kind == "fluent-bit" else []))
    ports = {name: free_port() for name in declared.sources}
    wanted = sum((expected(declared, name) for name in declared.sources), Counter())
    tls = ssl.create_default_context(cafile=str(files.ca_file))
    mutual_tls = ssl.create_default_context(cafile=str(files.ca_file))
    mutual_tls.load_cert_chain(files.client.cert_file, files.client.key_file)
    contexts = {"tls": tls, "mutual-tls": mutual_tls}

    with LogReceiver() as receiver, running(declared, tmp_path, receiver.url, syslog_ports=ports):
        for name, port in ports.items():
            if "udp" in name:
                send_udp(port, MESSAGES[name])
                continue
            # With newlines, Promtail and Alloy keep the last message until the connection ends.
            with tcp_connection(port, contexts.get(name)) as connection:
                connection.sendall((by_counts if name == "counted" else by_newlines)(MESSAGES[name]))
        becomes_true(lambda: len(receiver.records) >= wanted.total())

    found = differences(wanted, received(receiver.pushes, started_ns), kind)
    assert found == [], "\n".join(found)


def test_syslog_client_without_a_certificate_is_refused(kind: str, tmp_path: Path) -> None:
    files = certificates(tmp_path)
    declared = syslog_environment(kind, files, *(set(MESSAGES) - {"mutual-tls"}))
    port = free_port()
    context = ssl.create_default_context(cafile=str(files.ca_file))

    with (
        LogReceiver() as receiver,
        running(declared, tmp_path, receiver.url, syslog_ports={"mutual-tls": port}),
        tcp_connection(port, context) as connection,
    ):
        refused = _is_refused(connection)

    assert (refused, receiver.lines) == (True, [])


def _is_refused(connection: socket.socket) -> bool:
    """Return whether the agent ends a connection with an error. With TLS 1.3, a client learns it when it reads."""
    try:
        connection.sendall(by_newlines(RFC_5424))
        connection.recv(1)
    except OSError:
        return True
    return False
