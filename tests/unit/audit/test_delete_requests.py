"""Delete requests: when a request counts as stuck, and which chunks a request excuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from logops.audit.policy.delete_requests import DeleteRange, ranges, stuck
from logops.audit.policy.retention import windows
from logops.audit.survey.loki_state import LokiState
from logops.clients.loki import DeleteRequest
from tests.support.environments import environment

PRODUCTION = environment("production", ("clusters.main.compactor.delete_request_cancel_period", "24h"))
MAIN = PRODUCTION.clusters["main"]
TIMES = windows(MAIN, PRODUCTION.audit)
MADE = 1_795_000_000.0
REQUEST = DeleteRequest(
    request_id="1f2e",
    start_time=MADE - 90_000,
    end_time=MADE - 3_600,
    query='{job="nginx"}',
    status="received",
    created_at=MADE,
)
ALLOWED = timedelta(hours=24) + timedelta(days=1) + timedelta(milliseconds=TIMES.cycle_ms + TIMES.slack_ms)
"""The cancel period, a day to process the request, a compactor cycle and the environment's slack."""


def found(request: DeleteRequest, age: timedelta) -> list[tuple[str, str]]:
    """Return class and tenant of the findings for a request of this age."""
    live = LokiState({}, {}, {"team": (request,)}, (), (), ())
    as_of = datetime.fromtimestamp(request.created_at, UTC) + age
    return [(one.cls.name, one.subject.tenant) for one in stuck(live, MAIN, TIMES, "production", "main", as_of)]


def test_delete_request_at_its_deadline_is_not_stuck() -> None:
    assert found(REQUEST, ALLOWED) == []


def test_delete_request_one_second_after_deadline_is_stuck() -> None:
    assert found(REQUEST, ALLOWED + timedelta(seconds=1)) == [("delete-request-stuck", "team")]


@pytest.mark.parametrize("status", ["build-chunk-refs-for-deletion", "42% Complete"])
def test_delete_request_in_progress_after_deadline_is_stuck(status: str) -> None:
    begun = REQUEST.model_copy(update={"status": status})

    assert found(begun, ALLOWED + timedelta(seconds=1)) == [("delete-request-stuck", "team")]


def test_processed_delete_request_is_never_stuck() -> None:
    done = REQUEST.model_copy(update={"status": "processed"})

    assert found(done, 100 * ALLOWED) == []


def test_delete_request_deadline_includes_cancel_period_of_environment() -> None:
    shorter = environment("production", ("clusters.main.compactor.delete_request_cancel_period", "1h")).clusters["main"]
    live = LokiState({}, {}, {"team": (REQUEST,)}, (), (), ())
    as_of = datetime.fromtimestamp(MADE, UTC) + ALLOWED - timedelta(hours=23) + timedelta(seconds=1)

    assert [*stuck(live, MAIN, TIMES, "production", "main", as_of)] == []
    assert len([*stuck(live, shorter, TIMES, "production", "main", as_of)]) == 1


def test_delete_request_in_progress_excuses_its_range_without_deadline() -> None:
    start, end = int(REQUEST.start_time * 1000), int(REQUEST.end_time * 1000)

    assert ranges([REQUEST], MAIN, TIMES) == (DeleteRange(start, end, None),)


def test_processed_delete_request_excuses_its_range_until_sweeper_deadline() -> None:
    done = REQUEST.model_copy(update={"status": "processed"})
    (excused,) = ranges([done], MAIN, replace(TIMES, delay_ms=7_000))

    assert excused.due_ms == int((MADE + ALLOWED.total_seconds()) * 1000) + 7_000
