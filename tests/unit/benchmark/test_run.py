"""Whose findings are kept: those of a run that measured all there is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from environments import environment
from logops.benchmark.asked import Asked
from logops.benchmark.run import is_whole
from logops.benchmark.shots import Mode
from logops.queries.library import load_library
from logops.toolchain import project_root

LOCAL = environment("local")
SIX_HOURS = 6 * 3600
ERRORS = load_library(project_root())["errors"]
WHOLE = Asked("r", datetime(2026, 1, 1, tzinfo=UTC), 20, tuple(Mode), (SIX_HOURS,), 2**40)


def test_all_of_the_library_in_both_modes_over_all_its_ranges_is_whole() -> None:
    assert is_whole(LOCAL, replace(WHOLE, ranges_s=(SIX_HOURS, 86_400)), [])


@pytest.mark.parametrize("part", [{"modes": (Mode.COLD,)}, {"ranges_s": ()}, {"named": True}])
def test_a_mode_a_range_or_a_query_by_its_name_is_a_part(part: dict[str, Any]) -> None:
    assert not is_whole(LOCAL, replace(WHOLE, **part), [])


def test_without_a_query_that_another_environment_does_not_have_it_is_a_part() -> None:
    assert not is_whole(LOCAL, WHOLE, [ERRORS])


def test_without_a_query_that_it_does_not_have_itself_it_is_whole() -> None:
    assert is_whole(LOCAL, WHOLE, [ERRORS.model_copy(update={"tenant": "nobody"})])
