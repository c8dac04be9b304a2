"""The rule groups that the ruler evaluates.

Source: grafana.com/docs/loki/latest/reference/loki-http-api, GET /prometheus/api/v1/rules.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EvaluatedRule:
    """A rule and the result of its last evaluation."""

    name: str
    """Name of the alert or of the recorded series."""
    health: str
    """ok, err, or unknown before the first evaluation."""
    error: str
    evaluated_at: datetime
    """In the year 1 if it was never evaluated: Go's zero time."""


@dataclass(frozen=True, slots=True)
class EvaluatedGroup:
    """A group that the ruler has loaded."""

    namespace: str
    name: str
    rules: tuple[EvaluatedRule, ...]


def evaluated_groups(answer: object) -> list[EvaluatedGroup]:
    """Decode the answer. Raises LookupError, TypeError or ValueError if it has another shape."""
    groups: list[dict[str, Any]] = answer["data"]["groups"]  # type: ignore[index]
    return [EvaluatedGroup(group["file"], group["name"], tuple(map(_rule, group["rules"]))) for group in groups]


def _rule(rule: dict[str, Any]) -> EvaluatedRule:
    return EvaluatedRule(
        rule["name"],
        rule["health"],
        rule.get("lastError") or "",
        datetime.fromisoformat(rule["lastEvaluation"]),
    )
