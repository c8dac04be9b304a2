"""What of an environment the linter may rely on."""

from pathlib import Path

from logops.environment import find_environment, load_environment
from logops.environment.agents import PodSource
from logops.queries.known import context

LOCAL = load_environment(find_environment("local", Path(__file__).parents[3]))


def test_labels_are_those_that_sources_declare_and_agents_add() -> None:
    known = context(LOCAL, 5)

    assert known.step_ns == 5
    assert known.metadata == {"trace_id", "span_id"}
    assert known.labels is not None
    assert known.labels >= {"job", "level", "service", "environment", "action", "outcome", "filename", "host", "app"}


def test_they_are_not_known_where_a_source_may_bring_any() -> None:
    pods = PodSource(kind="pods", cluster="main", tenant="application", labels={})

    assert context(LOCAL.model_copy(update={"sources": {**LOCAL.sources, "pods": pods}})).labels is None
    assert context(LOCAL.model_copy(update={"sources": {}})).labels is None
