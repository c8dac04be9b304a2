"""Logs of an application in a real Loki: what the handler and `logops ship` send is found as it was logged."""

import logging
import time
from collections.abc import Iterator

import pytest

from logops.clients.loki import Entry, LokiClient
from logops.platforms.local import LocalPlatform
from logops.shipping import LokiHandler, Record, Shipper, Target, bind
from tests.support.waiting import becomes_true

TENANT = "application"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("shop.live")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def found(platform: LocalPlatform, selector: str, started_ns: int, count: int) -> list[Entry]:
    """Return the lines of a stream, oldest first, when there are `count` of them."""
    with LokiClient(platform.read_url("main")) as client:

        def stored() -> list[Entry]:
            return client.query_logs(TENANT, selector, started_ns, time.time_ns() + 10**9, limit=1000)[::-1]

        becomes_true(lambda: len(stored()) >= count, 30, every=0.2)
        return stored()


@pytest.mark.parametrize(("wire", "selector"), [("push", '{service="%s"}'), ("otlp", '{service_name="%s"}')])
def test_log_call_is_found_in_loki_with_its_fields(
    platform: LocalPlatform, logger: logging.Logger, wire: str, selector: str
) -> None:
    started_ns = time.time_ns()
    service = f"shop-{wire}"
    handler = LokiHandler(platform.write_url("main"), {"service": service}, wire=wire, tenant=TENANT)
    logger.addHandler(handler)
    bind(logger, trace_id="ab12").warning('order "7"\n\N{GRINNING FACE}', extra={"customer.id": 7})
    handler.flush()
    (entry,) = found(platform, selector % service, started_ns, 1)
    assert entry.text == 'order "7"\n\N{GRINNING FACE}'
    fields = {**entry.labels, **entry.structured_metadata}
    assert {name: fields[name] for name in ("level", "trace_id", "customer_id", "logger")} == {
        "level": "warn",
        "trace_id": "ab12",
        "customer_id": "7",
        "logger": "shop.live",
    }


def test_lines_that_loki_refuses_do_not_lose_the_others(platform: LocalPlatform) -> None:
    started_ns = time.time_ns()
    labels = (("service", "shop-refused"),)
    messages: list[str] = []
    shipper = Shipper(Target(platform.write_url("main"), tenant=TENANT), say=messages.append)
    for number in range(100):
        shipper.put(Record(time.time_ns(), f"good {number}", labels, ()))
    # Far in the future, and with more structured metadata than Loki accepts.
    shipper.put(Record(started_ns + 10**15, "bad", labels, ()))
    shipper.put(Record(time.time_ns(), "bad", labels, tuple((f"field_{number}", "x") for number in range(200))))
    shipper.put(Record(time.time_ns(), "good 100", labels, ()))
    counters = shipper.close(30)
    assert (counters.sent, counters.refused) == (101, 2)
    assert "2 records refused by the target. First reason of the target: " in messages[-1]
    entries = found(platform, '{service="shop-refused"}', started_ns, 101)
    assert {entry.text for entry in entries} == {f"good {number}" for number in range(101)}
