"""Did you mean: functions, stages and keywords of LogQL, functions of templates, and labels."""

import pytest

from logops.logql.errors import LogQLError
from logops.logql.lint.advice import Context, Source
from logops.logql.lint.check import lint
from logops.logql.parse import parse

CLOSED = Source({"job": "nginx"}, frozenset({"level"}), frozenset({"trace_id"}))
OPEN = Source({"cluster": "one"}, open=True)


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ('sum_over_tiem({a="b"} | unwrap x [5m])', "Did you mean sum_over_time?"),
        ('rte({a="b"}[5m])', "Did you mean rate?"),
        ('{a="b"} | jsn', "Did you mean json?"),
        ('{a="b"} | jsn x, y', "Did you mean json?"),
        ('sum_over_time({a="b"} | unwarp x [5m])', "Did you mean unwrap?"),
        ('sum_over_time({a="b"} | unwrap durration(x) [5m])', "Did you mean duration?"),
        ('sum(rate({a="b"}[5m])) bye (x)', "Did you mean by?"),
        ('sum bye (x) (rate({a="b"}[5m]))', "found sum. It is followed by bye. Did you mean by?"),
        ('rate({a="b"}[5m] ofset 1h)', "Did you mean offset?"),
    ],
)
def test_mistyped_word_is_refused_with_the_word_that_is_meant(query: str, hint: str) -> None:
    with pytest.raises(LogQLError) as raised:
        parse(query)
    assert raised.value.reason.endswith(hint)


@pytest.mark.parametrize("query", ['{a="b"} | x y', "frobnicate(x)", '{a="b"} |= x'])
def test_word_that_is_like_no_other_is_refused_without_a_hint(query: str) -> None:
    with pytest.raises(LogQLError) as raised:
        parse(query)
    assert "Did you mean" not in raised.value.reason


def test_mistyped_function_of_a_template_is_reported_with_the_function_that_is_meant() -> None:
    (advice,) = lint(parse('{a="b"} | line_format "{{ toUper .x }}"'))
    assert advice.why.endswith("toUper in the template is no function that Loki has. Did you mean ToUpper?")


@pytest.mark.parametrize(
    ("query", "better"),
    [
        ('{jbo="nginx"}', '{job="nginx"}'),
        ('{job="nginx", levle=~"e.+"}', '{job="nginx", level=~"e.+"}'),
        ('sum(rate({job="nginx"} | trace_di="x" [5m]))', 'sum(rate({job="nginx"} | trace_id="x" [5m]))'),
    ],
)
def test_mistyped_label_is_reported_with_the_label_that_is_meant(query: str, better: str) -> None:
    (advice,) = lint(parse(query), Context(sources=(CLOSED,)))
    assert (advice.rule, advice.rewrite, advice.certain) == ("unknown-label", better, False)


def test_label_of_no_source_is_reported_with_the_labels_that_there_are() -> None:
    (advice,) = lint(parse('{pod="x"}'), Context(sources=(CLOSED,)))
    assert advice.why == ("no source has the label pod. The sources have: detected_level, job, level, service_name.")


@pytest.mark.parametrize(
    "query",
    [
        '{job="nginx"} | level="x"',
        '{job="nginx"} | json | levle="x"',
        '{job="nginx"} | logfmt | line_format "{{.x}}" | y="x"',
        '{job="nginx", service_name="x"} | __error__=""',
    ],
)
def test_known_or_parsed_label_is_not_reported_as_unknown(query: str) -> None:
    assert "unknown-label" not in {advice.rule for advice in lint(parse(query), Context(sources=(CLOSED,)))}


def test_other_label_is_not_reported_if_sources_may_have_others() -> None:
    context = Context(sources=(CLOSED, OPEN))

    assert lint(parse('{pod="x"}'), context) == []
    assert [advice.rule for advice in lint(parse('{jbo="x"}'), context)] == ["unknown-label"]


def test_label_is_not_reported_without_known_sources() -> None:
    assert lint(parse('{jbo="nginx"}')) == []
