"""Render rules for the ruler: one file for each namespace, normalized so that equal rules give equal texts."""

from collections.abc import Iterable, Mapping
from typing import Any

from logops.environment.model import Environment
from logops.environment.units import Duration
from logops.logql.parse import parse
from logops.logql.text import one_line
from logops.render.files import to_yaml
from logops.rules.model import Recording, Rule, RuleFile
from logops.rules.read import Rules

_DURATIONS = {"interval", "for", "keep_firing_for"}
_FIRST = ("name", "interval", "record", "alert", "expr", "for", "labels", "annotations", "rules")


def rule_texts(environment: Environment, rules: Rules) -> dict[str, str]:
    """Return `rules/CLUSTER/TENANT/NAMESPACE.yaml` for each file whose tenant is in the environment."""
    return {
        f"rules/{file.cluster}/{file.tenant}/{namespace}.yaml": file_text(environment.name, file)
        for namespace, file in rules.items()
        if file.cluster in environment.clusters and file.tenant in environment.clusters[file.cluster].tenants
    }


def file_text(environment_name: str, file: RuleFile) -> str:
    """Return a file of rules in the form that the ruler stores."""
    return namespace_text(environment_name, _groups(file))


def namespace_text(environment_name: str, groups: Iterable[Mapping[str, Any]]) -> str:
    """Return the normalized text of a namespace's groups, sorted by name.

    groups   groups as declared, or as the ruler returns them
    """
    ordered = sorted(groups, key=lambda group: str(group.get("name")))
    return to_yaml(environment_name, {"groups": [_normalize(group) for group in ordered]})


def _groups(file: RuleFile) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            **({"interval": group.interval.go} if group.interval else {}),
            "rules": [_rule(file, rule) for rule in group.rules],
        }
        for group in file.groups
    ]


def _rule(file: RuleFile, rule: Rule) -> dict[str, Any]:
    """Return a rule with labels for its cluster and tenant, which keep rules of two tenants apart."""
    owner_labels = {"cluster": file.cluster, "tenant": file.tenant}
    expr = one_line(parse(rule.expr))
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": expr, "labels": {**rule.labels, **owner_labels}}
    return {
        "alert": rule.alert,
        "expr": expr,
        "for": rule.for_.go,
        "labels": {**rule.labels.model_dump(), **owner_labels, "owner": file.owner},
        "annotations": rule.annotations.model_dump(),
    }


def _normalize(value: Any, key: str = "") -> Any:
    """Sort keys, normalize durations and remove empty values: Loki changes all three when it stores rules."""
    match value:
        case Mapping():
            order = sorted(value, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), str(name)))
            normalized = {name: _normalize(value[name], str(name)) for name in order}
            return {name: inner for name, inner in normalized.items() if inner not in ("0s", 0, "", None, {}, [])}
        case list() | tuple():
            return [_normalize(element) for element in value]
        case str() if key in _DURATIONS:
            return _duration(value)
        case _:
            return value


def _duration(text: str) -> str:
    try:
        return Duration(text).go
    except ValueError:
        return text
