"""What of an environment the linter may rely on."""

from pathlib import Path

from logops.environment import find_environment, load_environment
from logops.environment.agents import PodSource
from logops.logql.advice import Context
from logops.logql.lint import lint
from logops.logql.parse import parse
from logops.logql.tree import LogQuery
from logops.queries.known import context, of_tenant

LOCAL = load_environment(find_environment("local", Path(__file__).parents[3]))


APPLICATION = {"job", "filename", "level", "service", "environment"}


def of(selector: str, known: Context) -> Context:
    query = parse(selector)
    assert isinstance(query, LogQuery)
    return known.of(query.selector)


def test_labels_are_those_that_the_selected_sources_declare_and_agents_add() -> None:
    known = of('{job="oversight-app"}', context(LOCAL, 5))

    assert known.step_ns == 5
    assert known.metadata == {"trace_id", "span_id"}
    assert known.labels == known.everywhere == APPLICATION


def test_of_several_sources_what_all_have_is_relied_on_and_what_one_has_may_be_there() -> None:
    known = of('{job=~"oversight-app|syslog"}', context(LOCAL))

    assert known.metadata == frozenset()
    assert known.labels == {*APPLICATION, "host", "app"}
    assert known.everywhere == {"job"}
    assert of('{job=~".+", level!="debug", filename!=""}', context(LOCAL)).labels == APPLICATION


def test_they_are_not_known_where_a_source_may_bring_any_or_none_is_selected() -> None:
    pods = PodSource(kind="pods", cluster="main", tenant="application", labels={"job": "pods"})
    known = context(LOCAL.model_copy(update={"sources": {**LOCAL.sources, "pods": pods}}))

    assert of('{job=~"pods|nginx"}', known).labels is None
    assert of('{pod="a"}', known).labels is None
    assert of('{job="nginx"}', known).labels == {"job", "filename"}
    assert of('{job="nothing"}', known).labels is None


def test_of_a_tenant_only_its_own_sources_count() -> None:
    assert {source.fixed["job"] for source in of_tenant([LOCAL], "main", "application")} == {"oversight-app", "nginx"}


def better(query: str) -> list[tuple[str, str]]:
    return [(one.rule, one.rewrite) for one in lint(parse(query), context(LOCAL))]


def test_metadata_of_other_sources_replaces_no_parser() -> None:
    query = '{job="audit"} | json | trace_id="x"'
    assert better(query) == [("filter-before-parser", '{job="audit"} |= "x" | json | trace_id="x"')]


def test_a_parser_for_a_label_of_the_stream_is_useless() -> None:
    (found,) = better('sum by (service) (rate({job="oversight-app"} | json [5m]))')
    assert found == ("unused-parser", 'sum by (service) (rate({job="oversight-app"} [5m]))')


def test_a_label_of_every_selected_stream_belongs_into_the_selector() -> None:
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
