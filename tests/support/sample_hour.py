"""The hour of sample logs on which the declared answers of the query library are based (include/logql/README.md)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from logops.clients.loki import Entry, LokiClient
from logops.samples import Kind, generate
from logops.samples.line import Line

SEED = 20
START_NS = int(datetime(2026, 8, 31, 14, 55, tzinfo=UTC).timestamp()) * 10**9
END_NS = START_NS + 3600 * 10**9
LINES_PER_MINUTE = 60.0
TENANTS: Mapping[Kind, str] = {
    Kind.APPLICATION: "application",
    Kind.ACCESS: "application",
    Kind.AUDIT: "security-team",
    Kind.SYSTEM: "platform",
}


def lines(kind: Kind) -> list[Line]:
    return [*generate(kind, SEED, START_NS, END_NS, LINES_PER_MINUTE)]


def push(client: LokiClient) -> None:
    for kind, tenant in TENANTS.items():
        client.push(
            tenant,
            [Entry(line.timestamp_ns, line.labels, line.text, line.structured_metadata) for line in lines(kind)],
        )
