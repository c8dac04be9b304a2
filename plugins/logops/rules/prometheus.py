"""Read the rules for Prometheus and their tests, both in Prometheus' own format.

An alert has the name of a finding class. Its severity, its meaning and what to do stand there, and are added when the
rules are rendered (`render.prometheus`). promtool runs the tests.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Discriminator, Field, Tag, model_validator

from logops.clients.metric_names import LOKI_3_SHIPPER, LOKI_4_SHIPPER
from logops.environment.base import Model, Name
from logops.environment.typed_file import FileRefusedError, read_file
from logops.environment.units import Duration
from logops.findings.classes import REGISTRY
from logops.rules.read import RulesError
from logops.suggestions import did_you_mean

Shape = TypeVar("Shape", bound=Model)

FOLDER = Path("include/prometheus/rules")
TESTS = Path("include/prometheus/tests")
_METRIC = re.compile(r"(?<![\w:])(?:up|process_start_time_seconds|(?:loki|logops)_\w+)(?![\w:])")


class Recording(Model):
    """A recording rule."""

    record: Annotated[str, Field(pattern=r"^[a-z]+:[a-z0-9_]+:[a-z0-9_]+$")]
    """`level:metric:operation`, as Prometheus recommends."""
    expr: str


class Annotations(Model):
    """Text for the person on call. The meaning comes from the finding class."""

    summary: str
    remedy: str | None = None
    """What to do. Null: what the finding class says."""


class Alert(Model):
    """An alert, named like a finding class."""

    alert: str
    expr: str
    for_: Annotated[Duration, Field(alias="for")]
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Annotations

    @model_validator(mode="after")
    def _is_a_finding_class(self) -> "Alert":
        if self.alert not in REGISTRY:
            raise ValueError(f"{self.alert} is no class of docs/findings.md.{did_you_mean(self.alert, REGISTRY)}")
        return self


def _kind(rule: Any) -> Literal["record", "alert"]:
    return "record" if isinstance(rule, Recording) or (isinstance(rule, Mapping) and "record" in rule) else "alert"


Rule = Annotated[Annotated[Recording, Tag("record")] | Annotated[Alert, Tag("alert")], Discriminator(_kind)]


class Group(Model):
    """Rules that Prometheus evaluates one after another."""

    name: Name
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


class PrometheusRuleFile(Model):
    """A file of rules."""

    groups: Annotated[tuple[Group, ...], Field(min_length=1)]

    @property
    def rules(self) -> Iterator[Recording | Alert]:
        return (rule for group in self.groups for rule in group.rules)

    @property
    def alerts(self) -> Iterator[Alert]:
        return (rule for rule in self.rules if isinstance(rule, Alert))


class ExpectedAlert(Model):
    """An alert that must fire."""

    exp_labels: Mapping[str, str]
    exp_annotations: Mapping[str, str]


class AlertTest(Model):
    """The alerts of one name at one moment."""

    eval_time: Duration
    alertname: str
    exp_alerts: tuple[ExpectedAlert, ...]


class InputSeries(Model):
    """A series and its values, in promtool's notation."""

    series: str
    values: str


class RuleTest(Model):
    """Series, and the alerts that they cause."""

    name: str
    interval: Duration
    input_series: tuple[InputSeries, ...]
    alert_rule_test: tuple[AlertTest, ...]


class RuleTestFile(Model):
    """The tests of a file of rules."""

    rule_files: tuple[str, ...]
    evaluation_interval: Duration
    tests: tuple[RuleTest, ...]


PrometheusRules = Mapping[str, PrometheusRuleFile]
"""By name of the file."""


def load_prometheus_rules(root: Path) -> dict[str, PrometheusRuleFile]:
    """Read every file of rules below the project's root. Raises RulesError."""
    return {path.stem: _read(path, PrometheusRuleFile) for path in sorted((root / FOLDER).glob("*.yaml"))}


def load_prometheus_tests(root: Path) -> dict[str, RuleTestFile]:
    """Read every file of tests below the project's root. Raises RulesError."""
    return {path.stem: _read(path, RuleTestFile) for path in sorted((root / TESTS).glob("*.yaml"))}


def untested(rules: PrometheusRules, tests: Mapping[str, RuleTestFile]) -> Iterator[str]:
    """Yield the alerts that lack a test in which they fire, or one in which they do not.

    If an alert needs a metric that Loki 4 renames, it must fire with each name.
    """
    for name, file in rules.items():
        expressions = {rule.record: rule.expr for rule in file.rules if isinstance(rule, Recording)}
        cases = tests[name].tests if name in tests else ()
        for alert in file.alerts:
            prefixes = [prefix for prefix in (LOKI_3_SHIPPER, LOKI_4_SHIPPER) if prefix in _whole(alert, expressions)]
            for prefix in prefixes or [""]:
                if not any(_fires(test, alert.alert) for test in _with_input(cases, prefix)):
                    with_metric = f" with metrics {prefix}*" if prefix else ""
                    yield f"{name}.yaml: no test in which {alert.alert} fires{with_metric}."
            if not any(_is_silent(test, alert.alert) for test in cases):
                yield f"{name}.yaml: no test in which {alert.alert} does not fire."


def metrics_of(rules: PrometheusRules) -> set[str]:
    """Return the names of all metrics that the rules read from processes."""
    return {metric for file in rules.values() for rule in file.rules for metric in _METRIC.findall(rule.expr)}


def _read(path: Path, shape: type[Shape]) -> Shape:
    try:
        return read_file(path, shape, "rules")
    except FileRefusedError as refused:
        raise RulesError(str(refused)) from None


def _whole(alert: Alert, expressions: Mapping[str, str]) -> str:
    """Return the expression of an alert, and those of the recorded series that it reads."""
    return " ".join([alert.expr, *(expr for record, expr in expressions.items() if record in alert.expr)])


def _with_input(cases: Sequence[RuleTest], prefix: str) -> list[RuleTest]:
    return [test for test in cases if not prefix or any(prefix in series.series for series in test.input_series)]


def _fires(test: RuleTest, name: str) -> bool:
    return any(moment.alertname == name and moment.exp_alerts for moment in test.alert_rule_test)


def _is_silent(test: RuleTest, name: str) -> bool:
    return any(moment.alertname == name and not moment.exp_alerts for moment in test.alert_rule_test)
