"""The real Loki stores a shipped record as it was sent, in both wire formats."""

import time
from collections.abc import Mapping

import pytest

from logops.clients.loki import Entry, LokiClient
from logops.platforms.local import LocalPlatform
from logops.shipping import Shipper, Target, Wire
from logops.wire import Record

TIMEOUT_S = 60
LINES = ["plain", 'quotes " and \\ backslash', "two\nlines", "größe 日本 🙂", "x" * 200_000]
METADATA = {"order_id": "7", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
TENANT = "application"


def shipped(
    platform: LocalPlatform, wire: Wire, labels: Mapping[str, str], selector: str
) -> tuple[list[Record], list[Entry]]:
    """Ship LINES and wait until Loki has acknowledged them. Return the records, and the entries that Loki stored."""
    now = time.time_ns()
    pairs = tuple(sorted(labels.items()))
    sent = [Record(now + number, line, pairs, tuple(METADATA.items())) for number, line in enumerate(LINES)]
    shipper = Shipper(Target(platform.write_url("main"), wire, TENANT))
    try:
        shipper.put_all(sent, wait_s=TIMEOUT_S)
        assert shipper.flush(TIMEOUT_S)
    finally:
        counters = shipper.close()
    assert (counters.sent, counters.refused) == (len(sent), 0)
    with LokiClient(platform.read_url("main")) as client:
        return sent, list(client.read_all(TENANT, selector, now, now + 10**9))


@pytest.mark.parametrize(
    ("wire", "selector"), [(Wire.PUSH, '{service="wire-push"}'), (Wire.OTLP, '{service_name="wire-otlp"}')]
)
def test_shipped_line_is_stored_with_its_time_and_metadata(platform: LocalPlatform, wire: Wire, selector: str) -> None:
    sent, stored = shipped(platform, wire, {"service": f"wire-{wire}"}, selector)
    found = [
        (entry.timestamp_ns, entry.text, METADATA.items() <= entry.structured_metadata.items()) for entry in stored
    ]
    assert sorted(found) == [(record.time_ns, record.line, True) for record in sent]


def test_push_stores_the_labels_as_labels(platform: LocalPlatform) -> None:
    labels = {"service": "push-labels", "path": 'C:\\logs\n"new"'}
    _, stored = shipped(platform, Wire.PUSH, labels, '{service="push-labels"}')
    assert [{name: entry.labels.get(name) for name in labels} for entry in stored] == [labels] * len(LINES)


def test_otlp_stores_the_service_as_label_and_other_labels_as_metadata(platform: LocalPlatform) -> None:
    labels = {"service": "otlp-labels", "level": "error"}
    _, stored = shipped(platform, Wire.OTLP, labels, '{service_name="otlp-labels"}')
    assert [entry.structured_metadata.get("level") for entry in stored] == ["error"] * len(LINES)
