"""The differences between agents that tests allow, and docs/agents.md."""

from pathlib import Path

import pytest

from tests.support.agent_corpus import CASES

DOCS = (Path(__file__).parents[3] / "docs" / "agents.md").read_text()
REASONS = {
    reason
    for case in CASES.values()
    for reason in (
        *case.fluent_bit_differs.values(),
        *case.alloy_differs.values(),
        *case.fluent_bit_may_send.values(),
        case.fluent_bit_times,
        case.fluent_bit_at_once,
    )
    if reason
}


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_difference_that_tests_allow_is_a_row_of_the_docs(reason: str) -> None:
    assert f"| {reason} |" in DOCS
