"""The format of rule files: `include/logql/rules/NAMESPACE.yaml`.

Groups and rules have Loki's format (grafana.com/docs/loki/latest/alert). In addition, an alert has tests.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from logops.environment.base import Model, Name
from logops.environment.tenant import TenantName
from logops.environment.units import Duration

MOST_LINES = 100_000
"""Lines per test: seconds to generate and push."""

MOST_EVALUATIONS = 11_000
"""Evaluations per test: Loki returns no more points per series (pkg/loghttp/query.go)."""

USUAL_INTERVAL = Duration("1m")
"""Interval of groups without one, if nothing is known about their cluster: Loki's default."""

Labels = Mapping[Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")], str]


class Recording(Model):
    """A recording rule: the answer to an expression becomes a series, which dashboards can read cheaply."""

    record: Annotated[str, Field(pattern=r"^[a-zA-Z_]\w*:[a-zA-Z_]\w*:[a-zA-Z_]\w*$")]
    """`level:metric:operation`, as Prometheus recommends."""
    expr: str
    labels: Labels = Field(default_factory=dict)


class Annotations(Model):
    """Text for the person on call."""

    summary: str
    description: str
    """The remedy, for the person who is alerted."""


class AlertLabels(Model):
    """Labels for routing. Cluster, tenant and owner are added at rollout."""

    severity: Literal["critical", "warning", "info"]


class Stream(Model):
    """One line, repeated at an interval."""

    labels: Labels
    line: str
    structured_metadata: Labels = Field(default_factory=dict)
    every: Duration
    from_: Annotated[Duration, Field(alias="from")] = Duration("0s")
    to: Duration

    @model_validator(mode="after")
    def _ends(self) -> "Stream":
        if not self.every.value or self.to <= self.from_:
            raise ValueError("a stream has a line every so often, and ends after it began")
        return self

    @property
    def moments(self) -> range:
        """Return the times of its lines, in milliseconds since the start of the test."""
        return range(self.from_.value, self.to.value, self.every.value)


class Expectation(Model):
    """The expected result at a moment: the labels of each firing series, and no other."""

    at: Duration
    firing: tuple[Labels, ...]


class AlertTest(Model):
    """Lines, and the alerts that they cause."""

    lines: tuple[Stream, ...] = ()
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_not_too_long(self) -> "AlertTest":
        count = sum(len(stream.moments) for stream in self.lines)
        if count > MOST_LINES:
            raise ValueError(
                f"{count:,} lines, and a test has at most {MOST_LINES:,}: write a longer `every` or a shorter `to`"
            )
        return self


class Alert(Model):
    """Fires if its expression returned the same labels for some time."""

    alert: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
    expr: str
    for_: Annotated[Duration, Field(alias="for")]
    labels: AlertLabels
    annotations: Annotations
    tests: tuple[AlertTest, ...]

    @model_validator(mode="after")
    def _is_tested_both_ways(self) -> "Alert":
        fires = [any(expected.firing for expected in test.expect) for test in self.tests]
        if set(fires) != {True, False}:
            raise ValueError("tests: one in which it fires, and one in which it never does")
        return self


def _kind(rule: Any) -> str:
    return "record" if isinstance(rule, Recording) or (isinstance(rule, Mapping) and "record" in rule) else "alert"


Rule = Annotated[Annotated[Recording, Tag("record")] | Annotated[Alert, Tag("alert")], Discriminator(_kind)]


class Group(Model):
    """Rules that are evaluated together, one after another."""

    name: Name
    interval: Duration | None = None
    """None: the cluster's own (`ruler.evaluation_interval`)."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_evaluated(self) -> "Group":
        if self.interval is not None and not self.interval.value:
            raise ValueError("interval: rules are evaluated every so often, as in 1m")
        return self

    @model_validator(mode="after")
    def _tests_are_not_too_long(self) -> "Group":
        interval = self.interval or USUAL_INTERVAL
        for rule in self.rules:
            if isinstance(rule, Recording):
                continue
            latest = max(expectation.at for test in rule.tests for expectation in test.expect)
            if latest.value // interval.value >= MOST_EVALUATIONS:
                raise ValueError(
                    f"{latest} is more than {MOST_EVALUATIONS:,} evaluations, one each {interval}, and Loki answers no "
                    "more: expect it earlier"
                )
        return self


class RuleFile(Model):
    """A file of rules: a namespace of the ruler, named like the file."""

    cluster: Name
    tenant: TenantName
    owner: str
    description: str
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]

    @property
    def recordings(self) -> Iterator[Recording]:
        return (rule for group in self.groups for rule in group.rules if isinstance(rule, Recording))

    @property
    def alerts(self) -> Iterator[tuple[Group, Alert]]:
        return ((group, rule) for group in self.groups for rule in group.rules if isinstance(rule, Alert))

    @model_validator(mode="after")
    def _names_are_unique(self) -> "RuleFile":
        _refuse_twice("group", (group.name for group in self.groups))
        _refuse_twice("alert", (alert.alert for _, alert in self.alerts))
        _refuse_twice("record", (recording.record for recording in self.recordings))
        return self


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"{what} {twice[0]} stands here twice")
