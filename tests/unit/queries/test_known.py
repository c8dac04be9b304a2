"""Tests of the labels and metadata that the linter takes from an environment."""

from pathlib import Path

from logops.environment import find_environment, load_environment
from logops.environment.sources import PodSource
from logops.logql.lint.advice import Context
from logops.logql.lint.check import lint
from logops.logql.parse import parse
from logops.logql.tree import LogQuery
from logops.queries.known import context, of_tenant

LOCAL = load_environment(find_environment("local", Path(__file__).parents[3]))


APPLICATION = {"job", "filename", "level", "service", "environment"}


def of(selector: str, known: Context) -> Context:
    query = parse(selector)
    assert isinstance(query, LogQuery)
    return known.of(query.selector)


def test_labels_are_declared_by_selected_sources_or_added_by_agents() -> None:
    known = of('{job="oversight-app"}', context(LOCAL, 5))

    assert known.step_ns == 5
    assert known.metadata == {"trace_id", "span_id"}
    assert known.labels == known.everywhere == APPLICATION


def test_selector_of_several_sources_has_all_and_common_labels() -> None:
    known = of('{job=~"oversight-app|syslog"}', context(LOCAL))

    assert known.metadata == frozenset()
    assert known.labels == {*APPLICATION, "host", "app"}
    assert known.everywhere == {"job"}
    assert of('{job=~".+", level!="debug", filename!=""}', context(LOCAL)).labels == APPLICATION


def test_labels_are_unknown_for_pod_source_or_without_source() -> None:
    pods = PodSource(kind="pods", cluster="main", tenant="application", labels={"job": "pods"})
    known = context(LOCAL.model_copy(update={"sources": {**LOCAL.sources, "pods": pods}}))

    assert of('{job=~"pods|nginx"}', known).labels is None
    assert of('{pod="a"}', known).labels is None
    assert of('{job="nginx"}', known).labels == {"job", "filename"}
    assert of('{job="nothing"}', known).labels is None


def test_tenant_has_only_its_own_sources() -> None:
    assert {source.fixed["job"] for source in of_tenant([LOCAL], "main", "application")} == {"oversight-app", "nginx"}


def better(query: str) -> list[tuple[str, str]]:
    return [(one.rule, one.rewrite) for one in lint(parse(query), context(LOCAL))]


def test_metadata_of_another_source_does_not_replace_the_parser() -> None:
    query = '{job="audit"} | json | trace_id="x"'
    assert better(query) == [("filter-before-parser", '{job="audit"} |= "x" | json | trace_id="x"')]


def test_parser_for_stream_label_is_reported_as_unused() -> None:
    (advice,) = better('sum by (service) (rate({job="oversight-app"} | json [5m]))')
    assert advice == ("unused-parser", 'sum by (service) (rate({job="oversight-app"} [5m]))')


def test_filter_on_label_of_every_selected_stream_moves_into_selector() -> None:
    rule = "label-in-selector"
    assert better('{job="oversight-app"} | json | level="error"') == [
        (rule, '{job="oversight-app", level="error"} | json')
    ]
    assert better('{job="oversight-app"} |= "x" | json | level=~"e.+" and n > 5 | line_format "{{.n}}"') == [
        (rule, '{job="oversight-app", level=~"e.+"} |= "x" | json | n > 5 | line_format "{{.n}}"')
    ]
    assert better('{job=~"oversight-app|nginx"} |= "x" | json | level="error"') == []
    assert better('{job="oversight-app"} |= "x" | json | level="error" or n > 5') == []
    assert better('{job="oversight-app"} |= "x" | json | label_format level=lvl | level="error"') == []
    assert better('{job="oversight-app"} |= "x" | drop level | level="error"') == []
