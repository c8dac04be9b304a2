"""Join lifecycle rules, so that a policy stays within Azure's limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logops.environment.storage import LifecycleRule

MAX_RULES, MAX_PREFIXES = 100, 10
"""Azure's limits: rules in the policy of an account, prefixes in a rule.

Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview.
"""

Actions = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class JoinedRule:
    """A rule of Azure's policy: one name, one set of actions, up to ten prefixes."""

    name: str
    actions: Actions
    """Azure's name of each action, and the days after the last modification."""
    prefixes: tuple[str, ...]
    """Each is `CONTAINER/PREFIX`."""


def join_rules(rules: Sequence[LifecycleRule]) -> list[JoinedRule]:
    """Return the rules as Azure gets them.

    While there are at most 100 rules, each stays alone: its name does not depend on the other rules. Otherwise rules
    with the same actions share a rule, which has the name of its first prefix's rule. The actions on every blob are the
    same as before. The result can still have more than 100 rules: the doctor reports that.
    """
    if len(rules) <= MAX_RULES:
        return [JoinedRule(rule.name, actions_of(rule), (full_prefix(rule),)) for rule in rules]
    by_actions: dict[Actions, dict[str, str]] = {}
    for rule in rules:
        by_actions.setdefault(actions_of(rule), {}).setdefault(full_prefix(rule), rule.name)
    joined = []
    for actions, names in sorted(by_actions.items()):
        prefixes = _without_covered(names)
        for start in range(0, len(prefixes), MAX_PREFIXES):
            joined.append(JoinedRule(names[prefixes[start]], actions, tuple(prefixes[start : start + MAX_PREFIXES])))
    return joined


def actions_of(rule: LifecycleRule) -> Actions:
    """Return the actions of a rule, under the names that Azure gives them."""
    days = {
        "tierToCool": rule.cool_after,
        "tierToCold": rule.cold_after,
        "tierToArchive": rule.archive_after,
        "delete": rule.delete_after,
    }
    return tuple((action, after) for action, after in days.items() if after is not None)


def full_prefix(rule: LifecycleRule) -> str:
    """Return a rule's prefix with its container, as Azure requires it."""
    return f"{rule.container}/{rule.prefix}"


def _without_covered(prefixes: Iterable[str]) -> list[str]:
    """Return the prefixes in order, without those that begin with another one: the shorter one matches their blobs."""
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
