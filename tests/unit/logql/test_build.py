"""Build queries: user text stays text, and the result is a valid query."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.logql.build import (
    Lines,
    Old,
    all_of,
    any_of,
    condition,
    ip,
    label,
    like,
    literal,
    other_than,
    stream,
    variants,
    vector,
)
from logops.logql.errors import LogQLError
from logops.logql.parse import parse
from logops.logql.tree import Bytes, LineFilter, LogQuery, Needle

APP = stream(job="oversight-app")


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (stream(job="a", level=like("err|warn"), env=other_than("dev")), '{job="a", level=~"err|warn", env!="dev"}'),
        (APP.containing("a", "b").without("c"), '{job="oversight-app"} |= "a" or "b" != "c"'),
        (APP.matching("a.b").like("<_> x"), '{job="oversight-app"} |~ "a.b" |> "<_> x"'),
        (APP.with_ip("10.0.0.0/8"), '{job="oversight-app"} |= ip("10.0.0.0/8")'),
        (APP.json({"path": "req.path"}), '{job="oversight-app"} | json path="req.path"'),
        (APP.logfmt(strict=True).where("n", ">", 1.5), '{job="oversight-app"} | logfmt --strict | n > 1.5'),
        (APP.where("took", ">", timedelta(seconds=90)), '{job="oversight-app"} | took > 1m30s'),
        (APP.json().where("ok", "==", True), '{job="oversight-app"} | json | ok="true"'),
        (APP.json().where("ok", "!=", False), '{job="oversight-app"} | json | ok!="false"'),
        (APP.where("size", ">=", Bytes(2**20)), '{job="oversight-app"} | size >= 1MiB'),
        (
            APP.where(any_of(condition("a", "=", "b"), condition("c", "<", 2))),
            '{job="oversight-app"} | a="b" or c < 2',
        ),
        (APP.drop("x").without("y"), '{job="oversight-app"} != "y" | drop x'),
        (APP.rename({"to": "old"}).keep("to"), '{job="oversight-app"} | label_format to=old | keep to'),
        (APP.rate(timedelta(minutes=90), timedelta(days=1)), 'rate({job="oversight-app"} [1h30m] offset 1d)'),
        (APP.rate("5m").sum(), 'sum(rate({job="oversight-app"} [5m]))'),
        (APP.rate("5m").sum(by=[]), 'sum by () (rate({job="oversight-app"} [5m]))'),
        (APP.rate("5m").sum(without=[]), 'sum without () (rate({job="oversight-app"} [5m]))'),
        (
            APP.unwrap("took").over_time("max_over_time", "5m", by=[]),
            'max_over_time({job="oversight-app"} | unwrap took | __error__="" [5m]) by ()',
        ),
        (APP.rate("5m").sum(by=["a", "b"]), 'sum by (a, b) (rate({job="oversight-app"} [5m]))'),
        (APP.count_over_time("1h", "1d").topk(3), 'topk(3, count_over_time({job="oversight-app"} [1h] offset 1d))'),
        (
            APP.json().unwrap("took", "duration").over_time("quantile_over_time", "5m", by=["path"], quantile=0.99),
            'quantile_over_time(0.99, {job="oversight-app"} | json | unwrap duration(took) | __error__="" [5m]) '
            "by (path)",
        ),
        (
            APP.containing("e").rate("5m").sum() / APP.rate("5m").sum().joined(">", 0) * 100,
            'sum(rate({job="oversight-app"} |= "e" [5m])) / (sum(rate({job="oversight-app"} [5m])) > 0) * 100',
        ),
        (
            APP.where(any_of(all_of(condition("a", "=", "b"), condition("c", ">", 1)), ip("d", "10.0.0.0/8", "!="))),
            '{job="oversight-app"} | a="b" and c > 1 or d != ip("10.0.0.0/8")',
        ),
        (APP.without_ip("10.0.0.1"), '{job="oversight-app"} != ip("10.0.0.1")'),
        (APP.where_ip("a", "10.0.0.1", "!="), '{job="oversight-app"} | a != ip("10.0.0.1")'),
        (APP.drop("a", label("b", like("x.*"))), '{job="oversight-app"} | drop a, b=~"x.*"'),
        (APP.keep(label("b", "x")), '{job="oversight-app"} | keep b="x"'),
        (APP.label_format({"a": Old("b"), "c": "{{.d}}"}), '{job="oversight-app"} | label_format a=b, c="{{.d}}"'),
        (APP.matching(f"^{literal('a.b|c')}$"), '{job="oversight-app"} |~ `^a\\.b\\|c$`'),
        (1 - APP.rate("5m").sum() / 2, '1 - sum(rate({job="oversight-app"} [5m])) / 2'),
        (2 ** APP.rate("5m").sum(), '2 ^ sum(rate({job="oversight-app"} [5m]))'),
        (
            APP.json().unwrap("took").where("took", "<", 5).over_time("avg_over_time", "5m", without=["pod"]),
            'avg_over_time({job="oversight-app"} | json | unwrap took | __error__="" | took < 5 [5m]) without (pod)',
        ),
        (
            variants(APP.rate("5m"), APP.bytes_rate("5m"), of=APP, over="5m"),
            'variants(rate({job="oversight-app"} [5m]), bytes_rate({job="oversight-app"} [5m])) of '
            '({job="oversight-app"} [5m])',
        ),
        (
            APP.rate("5m").joined("/", vector(2), on=["pod"], group_left=["node"]),
            'rate({job="oversight-app"} [5m]) / on (pod) group_left (node) vector(2)',
        ),
    ],
)
def test_builder_returns_expected_query(built: object, text: str) -> None:
    assert str(built) == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_user_text_in_builder_stays_text(typed: str) -> None:
    query = parse(str(stream(user=typed).containing(typed)))

    assert isinstance(query, LogQuery)
    assert [matcher.value for matcher in query.selector.matchers] == [typed]
    assert query.stages == (LineFilter("|=", (Needle(typed),)),)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: stream({'a"b': "x"}), "this string does not end"),
        (lambda: stream(json="x"), "expected a label, found json, which LogQL keeps for itself"),
        (lambda: stream({}), "a selector needs at least one label"),
        (lambda: stream(a=""), "every matcher of this selector also takes streams without the label"),
        (lambda: stream(a=like("(")), "is no regular expression"),
        (lambda: APP.keep("x | json"), "read as another query than was built"),
        (lambda: APP.where("x", "~", 4), "expected one of ="),
        (lambda: APP.pattern("no capture"), "it has no capture"),
        (lambda: APP.rate("5 minutes"), "[5 minutes] is no range"),
        (lambda: APP.rate("5m", "soon"), "soon is not a duration"),
        (lambda: APP.unwrap("x").over_time("count_over_time", "5m"), "count_over_time counts lines"),
        (lambda: APP.rate("5m").topk(0), "topk takes a whole number above 0"),
        (lambda: APP.rate("5m").joined("and", 1), "and joins series: a number is none"),
        (lambda: APP.matching("("), "is no regular expression"),
        (lambda: APP.like("<x>"), "a line filter captures nothing"),
        (lambda: APP.with_ip("no"), "is no address, range"),
        (lambda: APP.where_ip("addr", "10.0.0.0/255.0.0.0"), "is no address, range"),
        (lambda: APP.line_format("{{.x"), "a {{ in the template has no }}"),
        (lambda: APP.line_format("{{nofunc .x}}"), "nofunc in the template is no function that Loki has"),
        (lambda: APP.label_format({"__error__": "x"}), "__error__ cannot be formatted"),
        (lambda: APP.json({"x": "[[["}), '"[[[" is no expression'),
        (lambda: APP.logfmt({"x": "a b"}), '"a b" is no expression'),
        (lambda: vector(float("inf")), "inf cannot be written in LogQL"),
        (lambda: vector(float("nan")), "nan cannot be written in LogQL"),
        (lambda: APP.where("x", ">", 10**400), "inf cannot be written in LogQL"),
        (lambda: APP.rate("5m") * float("nan"), "nan cannot be written in LogQL"),
        (lambda: stream(status=200), "status is 200, which is no text"),  # type: ignore[arg-type]
        (lambda: stream(status=other_than(200)), "status is 200, which is no text"),  # type: ignore[arg-type]
        (lambda: stream(["a"]), "labels is ['a'], which is no mapping"),  # type: ignore[arg-type]
        (lambda: APP.containing(5), "text is 5, which is no text"),  # type: ignore[arg-type]
        (lambda: APP.with_ip(5), "network is 5, which is no text"),  # type: ignore[arg-type]
        (lambda: APP.json(["a"]), "fields is ['a'], which is no mapping"),  # type: ignore[arg-type]
        (lambda: APP.json({"a": 5}), "a is 5, which is no text"),  # type: ignore[dict-item]
        (lambda: APP.label_format({"a": 5}), "a is 5, which is no text"),  # type: ignore[dict-item]
        (lambda: APP.drop(5), "a label is 5, which is no text"),  # type: ignore[arg-type]
        (lambda: APP.line_format(None), "template is None, which is no text"),  # type: ignore[arg-type]
        (lambda: APP.rate(300), "over is 300, which is no length of time such as 5m"),  # type: ignore[arg-type]
        (lambda: APP.rate(timedelta(microseconds=5)), "[5us] is no range"),
        (lambda: APP.rate("5m").topk("3"), "how_many is '3', which is not a number"),  # type: ignore[arg-type]
        (lambda: APP.rate("5m").sum(by=[5]), "a label is 5, which is no text"),  # type: ignore[list-item]
        (lambda: APP.rate("5m") * "2", "other is '2', which is not a number"),  # type: ignore[operator]
        (lambda: APP.where("a", "=", None), "value is None, which is not a number"),  # type: ignore[arg-type]
        (lambda: APP.where("a", ">", timedelta(days=200_000)), "200000 days, 0:00:00 is longer than Loki can count"),
        (lambda: APP.where("a"), "'a' is no condition: it takes an operator and a value"),
        (lambda: APP.where(any_of("a", condition("b", "=", "c"))), "'a' is no condition"),  # type: ignore[arg-type]
        (lambda: APP.where("a", ">", Bytes(2**70)), "1180591620717411303424 bytes are more than Loki can count"),
        (lambda: variants(APP, of=APP, over="5m"), '{job="oversight-app"} gives no numbers'),  # type: ignore[arg-type]
        (lambda: APP.where(condition("a", "=", "b"), ">", 5), "a whole condition takes no operator and no value"),
        (lambda: APP.unwrap("a").where(condition("a", "=", "b"), ">"), "a whole condition takes no operator"),
        (lambda: APP.where(any_of(*[condition("a", "=", "b")] * 600)), "more than 100 operators and conditions"),
    ],
)
def test_builder_with_invalid_argument_is_refused_with_reason(build: Callable[[], object], told: str) -> None:
    with pytest.raises(LogQLError) as refused:
        build()

    assert told in refused.value.reason


@pytest.mark.parametrize(
    "build",
    [
        lambda: APP.rate("5m").sum(by="path"),
        lambda: APP.rate("5m").joined("/", 1, on="pod"),
        lambda: APP.json().unwrap("x").over_time("max_over_time", "5m", by="path"),
    ],
)
def test_single_string_as_list_of_labels_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(LogQLError, match="labels come in a list"):
        build()


def test_builder_with_contradicting_arguments_is_refused() -> None:
    with pytest.raises(LogQLError, match="on labels or ignoring labels, not both"):
        APP.rate("5m").joined("/", 1, on=["a"], ignoring=["b"])
    with pytest.raises(LogQLError, match="group_left or group_right"):
        APP.rate("5m").joined("/", 1, on=["a"], group_left=["b"], group_right=["c"])
    with pytest.raises(LogQLError, match="by labels or without labels, not both"):
        APP.rate("5m").sum(by=["a"], without=["b"])


def test_builder_step_does_not_change_original_builder() -> None:
    first = APP.json()
    first.where("a", "=", "b")

    assert str(first) == '{job="oversight-app"} | json'
    assert isinstance(first, Lines)
