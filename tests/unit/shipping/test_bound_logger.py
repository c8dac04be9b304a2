"""A bound logger: the fields of its records."""

import inspect
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from logops.shipping import BoundLogger, bind
from logops.shipping.fields import extra_fields


class Kept(logging.Handler):
    """Keeps the records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    logger = logging.getLogger("shop.bound")
    handler = Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture
def logger(kept: Kept) -> BoundLogger:
    return bind("shop.bound", trace_id="ab")


def only(kept: Kept) -> tuple[logging.LogRecord, dict[str, object]]:
    (record,) = kept.records
    return record, extra_fields(record)


def test_fields_of_a_call_win_over_bound_fields(logger: BoundLogger, kept: Kept) -> None:
    logger.bind(user="ann", order=1).info("hello", extra={"order": 2})
    assert only(kept)[1] == {"trace_id": "ab", "user": "ann", "order": 2}


def test_field_with_a_name_of_logging_itself_is_renamed(logger: BoundLogger, kept: Kept) -> None:
    logger.bind(name="ann").info("hello", extra={"message": "inner"})
    assert only(kept)[1] == {"trace_id": "ab", "name_": "ann", "message_": "inner"}


def test_request_is_logged_with_its_fields(logger: BoundLogger, kept: Kept) -> None:
    logger.log_request("GET", "/orders", 200, 12.5, ip="10.0.0.1")
    record, fields = only(kept)
    assert (record.levelname, record.getMessage()) == ("INFO", "HTTP Request")
    assert fields == {
        "trace_id": "ab",
        "method": "GET",
        "path": "/orders",
        "status": 200,
        "duration": 12.5,
        "ip": "10.0.0.1",
    }


def test_query_is_cut_at_1000_characters_and_its_parameters_are_only_counted(logger: BoundLogger, kept: Kept) -> None:
    logger.log_database_query("x" * 2000, ["secret", 2], duration_ms=3)
    record, fields = only(kept)
    assert (record.levelname, record.getMessage()) == ("DEBUG", "Database Query")
    assert fields == {"trace_id": "ab", "query": "x" * 1000, "param_count": 2, "duration": 3, "slow": False}


def test_slow_query_is_a_warning(logger: BoundLogger, kept: Kept) -> None:
    logger.log_database_query("select 1", duration_ms=1000.1)
    record, fields = only(kept)
    assert (record.levelname, fields["slow"]) == ("WARNING", True)


def test_error_is_logged_with_type_code_and_stack(logger: BoundLogger, kept: Kept) -> None:
    try:
        Path("/no/such/file").read_text()
    except OSError as error:
        logger.log_error(error, order=7)
    record, fields = only(kept)
    assert record.getMessage() == "Application Error: [Errno 2] No such file or directory: '/no/such/file'"
    assert fields == {"trace_id": "ab", "error_type": "FileNotFoundError", "code": 2, "order": 7}
    assert record.exc_info
    assert record.exc_info[0] is FileNotFoundError


def test_code_of_the_caller_wins(logger: BoundLogger, kept: Kept) -> None:
    logger.log_error(OSError(2, "gone"), code="E_ORDER")
    assert only(kept)[1]["code"] == "E_ORDER"


@pytest.mark.parametrize("name", ["log_request", "log_database_query", "log_error"])
def test_record_has_the_function_of_the_application(logger: BoundLogger, kept: Kept, name: str) -> None:
    def application() -> None:
        if name == "log_request":
            logger.log_request("GET", "/", 200, 1)
        elif name == "log_database_query":
            logger.log_database_query("select 1", duration_ms=1)
        else:
            logger.log_error(ValueError("no"))

    application()
    assert only(kept)[0].funcName == "application"
    assert only(kept)[0].filename == inspect.getfile(application).rpartition("/")[2]
