"""When an alert fires. The rules are Prometheus' (rules/alerting.go), which Loki's ruler uses."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def firing(evaluations: Iterable[tuple[int, frozenset[Key]]], hold: int) -> list[tuple[int, frozenset[Key]]]:
    """Return what fires after each evaluation, from what each evaluation found, oldest first.

    A series is active since the first of consecutive evaluations that found it. It fires once that is at least
    `hold` ago. An evaluation that does not find it resets it.
    """
    since: dict[Key, int] = {}
    states = []
    for at, series in evaluations:
        since = {key: since.get(key, at) for key in series}
        states.append((at, frozenset(key for key, began in since.items() if at - began >= hold)))
    return states
