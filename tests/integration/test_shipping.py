"""The handler, with a server that receives: what arrives, and in which form."""

import asyncio
import json
import logging
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from logops.clients.http.auth import BasicAuth
from logops.shipping import LokiHandler, ShippingError, Target, bind
from tests.support.log_receiver import LogReceiver, ReceivedRecord

TIMEOUT_S = 30
LOGGER = logging.getLogger("shop.orders")


@pytest.fixture
def receiver() -> Iterator[LogReceiver]:
    with LogReceiver() as receiver:
        yield receiver


@pytest.fixture
def attach(receiver: LogReceiver) -> Iterator[Any]:
    """A function that attaches a handler with options to LOGGER."""
    handlers: list[LokiHandler] = []

    def attached(**options: Any) -> LokiHandler:
        defaults = {"url": receiver.url, "labels": {"service": "shop"}, "exit_timeout_s": TIMEOUT_S}
        handlers.append(LokiHandler(**{**defaults, **options}))
        LOGGER.addHandler(handlers[-1])
        return handlers[-1]

    LOGGER.setLevel(logging.DEBUG)
    LOGGER.propagate = False
    try:
        yield attached
    finally:
        for handler in handlers:
            LOGGER.removeHandler(handler)
            handler.close()


def only_record(handler: LokiHandler, receiver: LogReceiver) -> ReceivedRecord:
    handler.flush()
    (record,) = receiver.records
    return record


def test_log_call_arrives_with_time_labels_and_metadata(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    before = time.time_ns() // 1000
    LOGGER.warning("order %d is late", 7, extra={"order_id": 7, "customer.type": "new"})
    record = only_record(handler, receiver)
    assert (record.line, record.labels) == ("order 7 is late", '{level="warn", service="shop"}')
    assert record.metadata == {"logger": "shop.orders", "order_id": "7", "customer_type": "new"}
    assert before <= record.time_ns // 1000 <= time.time_ns() // 1000


def test_json_line_has_the_keys_of_the_query_library(receiver: LogReceiver, attach: Any) -> None:
    handler = attach(line="json")
    LOGGER.info("HTTP Request", extra={"method": "GET", "status": 200, "trace_id": "ab"})
    record = only_record(handler, receiver)
    line = json.loads(record.line)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "message": "HTTP Request",
        "logger": "shop.orders",
        "method": "GET",
        "status": 200,
        "trace_id": "ab",
    }
    assert record.metadata == {"trace_id": "ab"}


def test_otlp_target_gets_the_same_record(receiver: LogReceiver, attach: Any) -> None:
    handler = attach(wire="otlp", url=f"{receiver.url}/v1/logs")
    LOGGER.info("hello", extra={"order_id": 7})
    record = only_record(handler, receiver)
    assert (record.line, record.metadata["order_id"]) == ("hello", "7")
    assert receiver.pushes[0].path == "/v1/logs"


def test_request_has_tenant_and_password(receiver: LogReceiver, attach: Any) -> None:
    handler = attach(tenant="application", username="shop", password="s3cret")
    LOGGER.info("hello")
    handler.flush()
    headers = receiver.pushes[0].headers
    assert (headers["x-scope-orgid"], headers["authorization"]) == ("application", "Basic c2hvcDpzM2NyZXQ=")


def test_exception_arrives_with_its_stack(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    try:
        raise ValueError("no such order")
    except ValueError:
        LOGGER.exception("order failed")
    line = only_record(handler, receiver).line
    assert line.startswith("order failed\nTraceback (most recent call last):\n")
    assert line.endswith("ValueError: no such order")


def test_record_inside_a_span_has_its_trace_and_span(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    with TracerProvider().get_tracer("test").start_as_current_span("order") as span:
        LOGGER.info("hello")
    context = span.get_span_context()
    metadata = only_record(handler, receiver).metadata
    assert metadata["trace_id"] == f"{context.trace_id:032x}"
    assert metadata["span_id"] == f"{context.span_id:016x}"


def test_bound_logger_adds_its_trace_to_each_record(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    bind(LOGGER, trace_id="ab12", span_id="cd34").info("hello", extra={"order_id": 7})
    metadata = only_record(handler, receiver).metadata
    assert metadata == {"logger": "shop.orders", "trace_id": "ab12", "span_id": "cd34", "order_id": "7"}


def test_record_with_a_broken_surrogate_arrives(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    # Given to the handler alone: pytest would capture the text, and its workers cannot report broken surrogates.
    text, extra = "file \udcff is missing", {"file": "\udcff"}
    handler.handle(LOGGER.makeRecord(LOGGER.name, logging.INFO, __file__, 1, text, (), None, extra=extra))
    record = only_record(handler, receiver)
    assert (record.line, record.metadata["file"]) == ("file ? is missing", "?")


def test_huge_line_is_cut_and_counted(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    LOGGER.info("x" * 1_000_000)
    line = only_record(handler, receiver).line
    assert line.endswith(" ... [cut: the line had 1,000,000 bytes]")
    assert len(line) == 256 * 1024
    assert handler.counters.cut == 1


def test_what_the_transport_logs_is_not_shipped(
    receiver: LogReceiver, attach: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each request would cause the next one, for ever."""
    connect = socket.create_connection

    def connect_and_log(*arguments: Any, **options: Any) -> socket.socket:
        LOGGER.info("connecting")
        return connect(*arguments, **options)

    monkeypatch.setattr(socket, "create_connection", connect_and_log)
    handler = attach()
    LOGGER.info("hello")
    handler.flush()
    assert receiver.lines == ["hello"]
    assert handler.counters.accepted == 1


def test_losses_are_logged_with_reason_and_counters(
    receiver: LogReceiver, attach: Any, caplog: pytest.LogCaptureFixture
) -> None:
    handler = attach()
    receiver.answer = lambda records: (400, "entry too far behind") if "bad" in str(records) else (204, "")
    LOGGER.info("good")
    LOGGER.info("bad")
    handler.flush()
    handler.close()
    assert receiver.lines == ["good"]
    messages = [record.getMessage() for record in caplog.records if record.name == "logops.shipping"]
    assert messages == [
        f"Shipping logs to {receiver.url}/loki/api/v1/push: 1 record refused by the target. First reason of the "
        "target: entry too far behind. Since the start: 2 records accepted, 1 sent, 1 refused by the target."
    ]


def test_records_of_many_threads_all_arrive(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()

    def work(thread: int) -> None:
        for number in range(200):
            LOGGER.info("%d-%d", thread, number)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.flush()
    lines = receiver.lines
    assert sorted(lines) == sorted(f"{thread}-{number}" for thread in range(8) for number in range(200))
    assert [line for line in lines if line.startswith("3-")] == [f"3-{number}" for number in range(200)]


def test_records_of_asyncio_tasks_have_the_trace_of_their_task(receiver: LogReceiver, attach: Any) -> None:
    handler = attach()
    tracer = TracerProvider().get_tracer("test")
    expected: dict[str, str] = {}

    async def work(number: int) -> None:
        with tracer.start_as_current_span("task") as span:
            await asyncio.sleep(0)
            expected[str(number)] = f"{span.get_span_context().trace_id:032x}"
            LOGGER.info("%d", number)

    async def all_work() -> None:
        await asyncio.gather(*(work(number) for number in range(20)))

    asyncio.run(all_work())
    handler.flush()
    assert {record.line: record.metadata["trace_id"] for record in receiver.records} == expected


@pytest.mark.parametrize("wal", [False, True], ids=["memory", "write-ahead log"])
def test_forked_child_ships_its_own_records_and_not_the_parents(
    receiver: LogReceiver, attach: Any, tmp_path: Path, wal: bool
) -> None:
    handler = attach(wal_dir=tmp_path / "wal" if wal else None)
    LOGGER.info("parent before")
    child = multiprocessing.get_context("fork").Process(target=LOGGER.info, args=("child",))
    child.start()
    child.join(TIMEOUT_S)
    assert child.exitcode == 0
    LOGGER.info("parent after")
    handler.flush()
    assert sorted(receiver.lines) == ["child", "parent after", "parent before"]


def test_child_that_is_forked_while_threads_log_ships_its_record(receiver: LogReceiver, attach: Any) -> None:
    """A lock that another thread holds at the fork is never released in the child."""
    handler = attach()
    ended = threading.Event()

    def log_until_ended() -> None:
        while not ended.is_set():
            LOGGER.info("thread")

    threads = [threading.Thread(target=log_until_ended) for _ in range(4)]
    for thread in threads:
        thread.start()
    children = [
        multiprocessing.get_context("fork").Process(target=LOGGER.info, args=(f"child {number}",))
        for number in range(10)
    ]
    try:
        for child in children:
            child.start()
        for child in children:
            child.join(TIMEOUT_S)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    handler.flush()
    assert [child.exitcode for child in children] == [0] * 10
    assert sorted(set(receiver.lines)) == ["child 0", *(f"child {number}" for number in range(1, 10)), "thread"]


def run(program: str, receiver: LogReceiver, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **variables, "URL": receiver.url}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
    )


START = """
import logging, os
from logops.shipping import LokiHandler
handler = LokiHandler(os.environ["URL"], {"service": "shop"}, exit_timeout_s=float(os.environ.get("EXIT_S", 30)))
root = logging.getLogger()
root.setLevel(logging.INFO)
root.addHandler(handler)
root.addHandler(logging.StreamHandler())
"""


def test_records_logged_before_the_interpreter_ends_arrive(receiver: LogReceiver) -> None:
    ended = run(f"{START}logging.info('first')\nlogging.info('last words')", receiver)
    assert (ended.returncode, receiver.lines) == (0, ["first", "last words"]), ended.stderr


def test_record_logged_while_the_interpreter_ends_arrives(receiver: LogReceiver) -> None:
    ended = run(f"{START}import atexit\natexit.register(logging.info, 'last words')", receiver)
    assert (ended.returncode, receiver.lines) == (0, ["last words"]), ended.stderr


def test_process_that_ends_while_loki_is_down_says_how_many_records_it_lost(receiver: LogReceiver) -> None:
    receiver.stop()
    ended = run(f"{START}logging.info('lost')", receiver, EXIT_S="0.1")
    assert ended.returncode == 0
    last = ended.stderr.splitlines()[-1]
    # The message about the outage may be one of the records.
    assert re.search(r": [12] records? not sent before the process ended\. Since the start: ", last)
    assert "Traceback" not in ended.stderr


def test_import_of_shipping_does_not_import_what_is_slow() -> None:
    program = "import sys, logops.shipping; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    slow = {"airflow", "asyncio", "http.client", "multiprocessing", "numpy", "pandas", "pydantic", "requests", "ssl"}
    assert slow & set(ended.stdout.split()) == set()


@pytest.mark.parametrize("url", ["loki:3100", "http://loki:web", "ftp://loki"])
def test_handler_without_a_usable_address_is_refused(url: str) -> None:
    with pytest.raises(ShippingError, match=rf"'{url}' is not the address of a target\. Write http://HOST:PORT"):
        LokiHandler(url, {"service": "shop"})


def test_label_that_loki_refuses_is_refused_by_name() -> None:
    with pytest.raises(ShippingError, match=r"Loki refuses the label name 'service\.name'"):
        LokiHandler("http://loki:3100", {"service.name": "shop"})


def test_credential_is_in_no_repr_and_in_no_message(caplog: pytest.LogCaptureFixture) -> None:
    with LogReceiver(lambda records: (401, "wrong password")) as receiver:
        handler = LokiHandler(receiver.url, {"service": "shop"}, username="shop", password="s3cret", exit_timeout_s=0.1)
        LOGGER.addHandler(handler)
        LOGGER.warning("hello")
        LOGGER.removeHandler(handler)
        handler.flush()
        handler.close()
    assert "401: wrong password" in caplog.text
    for text in (caplog.text, repr(handler), repr(Target(receiver.url, auth=BasicAuth("shop", "s3cret")))):
        assert "s3cret" not in text
        assert "c2hvcDpzM2NyZXQ=" not in text


@pytest.fixture
def examples() -> list[str]:
    """The Python blocks of docs/shipping.md, in order: handler, dictConfig, helpers, structlog, loguru."""
    text = (Path(__file__).parents[2] / "docs/shipping.md").read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def example_lines(program: str, receiver: LogReceiver, tmp_path: Path) -> list[str]:
    """Run an example with the test's address and folder. Return the lines that arrived."""
    for address in ("http://127.0.0.1:3100", "https://loki.example.com"):
        program = program.replace(address, receiver.url)
    ended = run(program.replace("/var/lib/shop/logs", str(tmp_path)), receiver, LOKI_TOKEN="t0ken")
    assert ended.returncode == 0, ended.stderr
    return receiver.lines


def test_first_example_of_the_document_ships_its_line(
    receiver: LogReceiver, examples: list[str], tmp_path: Path
) -> None:
    assert example_lines(examples[0], receiver, tmp_path) == ["order 7 is paid"]


def test_dict_config_example_of_the_document_ships(receiver: LogReceiver, examples: list[str], tmp_path: Path) -> None:
    program = f"{examples[1]}\nlogging.getLogger('shop').info('hello')"
    assert example_lines(program, receiver, tmp_path) == ["hello"]
    assert receiver.pushes[0].headers["authorization"] == "Bearer t0ken"


def test_helpers_of_the_document_ship_their_lines(receiver: LogReceiver, examples: list[str], tmp_path: Path) -> None:
    request = "class request: headers = {'x-trace-id': 'ab12'}\nerror = ValueError('no stock')\n"
    debug = "logging.getLogger().setLevel(logging.DEBUG)\n"
    program = f"{examples[0]}{debug}{request}{examples[2]}"
    assert example_lines(program, receiver, tmp_path) == [
        "order 7 is paid",
        "order is paid",
        "HTTP Request",
        "Database Query",
        "Application Error: no stock\nValueError: no stock",
    ]
    assert {record.metadata.get("trace_id") for record in receiver.records[1:]} == {"ab12"}


@pytest.mark.parametrize(("library", "number"), [("structlog", 3), ("loguru", 4)])
def test_recipe_of_the_document_ships_line_and_field(
    receiver: LogReceiver, examples: list[str], tmp_path: Path, library: str, number: int
) -> None:
    handler = examples[0].split('logging.getLogger("shop')[0]
    program = f"{handler}\nimport {library}\n{examples[number]}"
    assert example_lines(program, receiver, tmp_path) == ["order is paid"]
    assert receiver.records[0].metadata["order_id"] == "7"
