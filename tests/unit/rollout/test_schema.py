"""Schema periods in a plan: the future may change, the past never."""

from datetime import UTC, date, datetime

import pytest

from logops.render.files import yaml_text
from logops.rollout.schema import new_periods, schema_marks

NOW = datetime(2026, 11, 29, 3, tzinfo=UTC)


def files(**periods: str) -> dict[str, str]:
    """Return the file of a cluster with schema periods: `p20260101="v13"`."""
    configs = [
        {
            "from": f"{day[1:5]}-{day[5:7]}-{day[7:]}",
            "store": "tsdb",
            "object_store": "azure",
            "schema": schema,
            "index": {"prefix": "index_", "period": "24h"},
        }
        for day, schema in periods.items()
    ]
    return {"loki/main.yaml": yaml_text({"schema_config": {"configs": configs}})}


LIVE = files(p20260101="v12", p20270101="v13")


def messages(desired: dict[str, str]) -> list[str]:
    return [mark.message for mark in schema_marks(LIVE, desired, NOW)]


@pytest.mark.parametrize(
    "desired",
    [
        LIVE,
        files(p20260101="v12"),
        files(p20260101="v12", p20270101="v14"),
        files(p20260101="v12", p20261130="v13"),
        {},
    ],
)
def test_change_of_the_future_has_no_mark(desired: dict[str, str]) -> None:
    assert messages(desired) == []


def test_period_that_begins_today_is_marked() -> None:
    assert messages(files(p20260101="v12", p20261129="v13")) == [
        "main: the new schema period of 2026-11-29 begins today or earlier. Lines that are stored since then are not "
        "found any more."
    ]


def test_changed_period_of_the_past_is_marked_with_both_formats() -> None:
    assert messages(files(p20260101="v13")) == [
        "main: the schema period of 2026-01-01 has begun and would change: tsdb v12, azure, prefix index_ -> tsdb v13, "
        "azure, prefix index_. Lines of this period are not found any more."
    ]


def test_removed_period_of_the_past_is_marked() -> None:
    assert [message.partition("->")[2] for message in messages(files(p20270101="v13"))] == [
        " removed. Lines of this period are not found any more."
    ]


def test_mark_waits_for_a_person() -> None:
    assert {mark.refuses for mark in schema_marks(LIVE, files(p20270101="v13"), NOW)} == {"until accepted"}


def test_new_period_of_the_future_is_named() -> None:
    periods = list(new_periods(LIVE, files(p20260101="v12", p20270201="v13"), NOW))

    assert [(period.cluster, period.begins, period.text) for period in periods] == [
        ("main", date(2027, 2, 1), "tsdb v13, azure, prefix index_")
    ]


def test_first_rollout_adds_no_period() -> None:
    assert list(new_periods({}, LIVE, NOW)) == []
