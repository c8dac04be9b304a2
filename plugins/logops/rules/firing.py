"""When an alert fires, as Prometheus has it (rules/alerting.go): the ruler is Prometheus' own, asked of Loki."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def firing(evaluations: Iterable[tuple[int, frozenset[Key]]], hold: int) -> list[tuple[int, frozenset[Key]]]:
    """What fires after each evaluation, given what each found, oldest first.

    A series is active since the first of the evaluations in a row that found it, and fires once that is at least
    `hold` ago. One evaluation that does not find it, and it begins anew.
    """
    since: dict[Key, int] = {}
    states = []
    for at, found in evaluations:
        since = {key: since.get(key, at) for key in found}
        states.append((at, frozenset(key for key, began in since.items() if at - began >= hold)))
    return states
