"""An Azure lifecycle policy as values.

Format: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from logops.clients.blob_storage.blobs import Tier
from logops.errors import LogopsError


class Action(IntEnum):
    """The action of a rule on a blob. A move to a tier has the number of the `Tier`. A higher number is cheaper."""

    NONE = 0
    COOL = Tier.COOL
    COLD = Tier.COLD
    ARCHIVE = Tier.ARCHIVE
    DELETE = 5

    @property
    def azure(self) -> str:
        """Azure's name: `tierToCool`, `delete`."""
        return "delete" if self is Action.DELETE else f"tierTo{self.name.capitalize()}"


class PolicyError(LogopsError):
    """A policy contains something that logops does not support."""


@dataclass(frozen=True)
class When:
    """Minimum ages in days. A blob must exceed every age that is set."""

    since_modified: float
    since_tier_changed: float | None = None

    def __str__(self) -> str:
        """
        >>> str(When(30)), str(When(90, 7))
        ('30 d', '90 d and 7 d in its tier')
        """
        after = f"{self.since_modified:g} d"
        return after if self.since_tier_changed is None else f"{after} and {self.since_tier_changed:g} d in its tier"


@dataclass(frozen=True)
class Rule:
    """One rule, for block blobs."""

    name: str
    prefixes: tuple[str, ...]
    """Each is `CONTAINER/PREFIX`. A rule without prefixes applies to every blob of the account."""
    actions: Mapping[Action, When] = field(default_factory=dict)
    enabled: bool = True

    def prefixes_in(self, container: str) -> list[str] | None:
        """Return the prefixes of blob names to which the rule applies in a container; None if it applies to no blob."""
        if not self.prefixes:
            return [""]
        container_prefix = f"{container}/"
        prefixes = [prefix[len(container_prefix) :] for prefix in self.prefixes if prefix.startswith(container_prefix)]
        # A prefix may end inside the container's name.
        if any(container_prefix.startswith(prefix) for prefix in self.prefixes):
            return [""]
        return prefixes or None


@dataclass(frozen=True)
class Policy:
    """All lifecycle rules of an account."""

    rules: tuple[Rule, ...]


_ACTIONS = {action.azure: action for action in Action if action is not Action.NONE}
_FILTERS = {"blobTypes", "prefixMatch"}
_SINCE = {
    "daysAfterModificationGreaterThan": "since_modified",
    "daysAfterLastTierChangeGreaterThan": "since_tier_changed",
}


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Read a policy from `{rules: [...]}`. The management API wraps it in `properties.policy`.

    Raises PolicyError for what logops does not support: filters by blob index, ages since creation or last access,
    moves back to Hot. It must not apply half of a rule.
    """
    try:
        return Policy(tuple(_rule(rule) for rule in document["rules"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"not a lifecycle policy: {type(error).__name__}: {error}") from error


def _rule(rule: Mapping[str, Any]) -> Rule:
    name, definition = str(rule["name"]), rule["definition"]
    filters, actions = definition["filters"], definition["actions"]
    unknown = [
        *(f"filter {key}" for key in filters if key not in _FILTERS),
        *(f"actions on {key}" for key in actions if key != "baseBlob"),
        *(f"action {key}" for key in actions.get("baseBlob", {}) if key not in _ACTIONS),
        *(f"blob type {kind}" for kind in filters["blobTypes"] if kind not in ("blockBlob", "appendBlob")),
    ]
    if unknown:
        raise PolicyError(f"lifecycle rule {name}: logops does not support {', '.join(unknown)}.")
    base_blob = actions.get("baseBlob", {}) if "blockBlob" in filters["blobTypes"] else {}
    return Rule(
        name,
        tuple(str(prefix) for prefix in filters.get("prefixMatch", ())),
        {_ACTIONS[key]: _when(name, key, body) for key, body in base_blob.items()},
        rule.get("enabled", True) is not False,
    )


def _when(rule: str, action: str, body: Mapping[str, Any]) -> When:
    unknown = [key for key in body if key not in _SINCE]
    if unknown or "daysAfterModificationGreaterThan" not in body:
        problem = ", ".join(unknown) or "no daysAfterModificationGreaterThan"
        raise PolicyError(f"lifecycle rule {rule}, {action}: {problem}; logops supports only days since modification.")
    return When(**{_SINCE[key]: float(days) for key, days in body.items()})


def differences(declared: Policy, live: Policy) -> list[str]:
    """Return the differences between two policies, one line per rule. The order of the rules does not matter."""
    declared_rules, live_rules = _by_name(declared.rules), _by_name(live.rules)
    lines = [f"rule {name} is missing" for name in declared_rules if name not in live_rules]
    lines += [
        f"rule {name} is not declared: {_description(live_rules[name])}"
        for name in live_rules
        if name not in declared_rules
    ]
    for name in declared_rules:
        if name in live_rules and _description(declared_rules[name]) != _description(live_rules[name]):
            lines.append(
                f"rule {name}: {_description(live_rules[name])}; declared: {_description(declared_rules[name])}"
            )
    return lines


def _by_name(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules}


def _description(rule: Rule) -> str:
    """Describe a rule. Two rules with the same effect have the same description."""
    if not rule.enabled:
        return "disabled"
    steps = ", ".join(f"{action.azure} after {rule.actions[action]}" for action in sorted(rule.actions))
    return f"{steps or 'nothing'} in {', '.join(sorted(rule.prefixes)) or 'the whole account'}"
