"""Rules as the ruler keeps them: a file a namespace, spelt so that equal rules are equal texts."""

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
    """`rules/CLUSTER/TENANT/NAMESPACE.yaml` for each file whose tenant the environment has."""
    return {
        f"rules/{file.cluster}/{file.tenant}/{namespace}.yaml": file_text(environment.name, file)
        for namespace, file in rules.items()
        if file.cluster in environment.clusters and file.tenant in environment.clusters[file.cluster].tenants
    }


def file_text(environment_name: str, file: RuleFile) -> str:
    """A file of rules, as the ruler is to keep it."""
    return namespace_text(environment_name, _groups(file))


def namespace_text(environment_name: str, groups: Iterable[Mapping[str, Any]]) -> str:
    """Groups of a namespace, declared or as the ruler gives them back, in one spelling: `groups` by name."""
    ordered = sorted(groups, key=lambda group: str(group.get("name")))
    return to_yaml(environment_name, {"groups": [_spelt(group) for group in ordered]})


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
    """With the labels by which rules of two tenants, or clusters, are told apart."""
    whose = {"cluster": file.cluster, "tenant": file.tenant}
    expr = one_line(parse(rule.expr))
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": expr, "labels": {**rule.labels, **whose}}
    return {
        "alert": rule.alert,
        "expr": expr,
        "for": rule.for_.go,
        "labels": {**rule.labels.model_dump(), **whose, "owner": file.owner},
        "annotations": rule.annotations.model_dump(),
    }


def _spelt(value: Any, key: str = "") -> Any:
    """Keys in one order, durations in one spelling, what is empty left out: Loki has its own ways with all three."""
    match value:
        case Mapping():
            order = sorted(value, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), str(name)))
            spelt = {name: _spelt(value[name], str(name)) for name in order}
            return {name: one for name, one in spelt.items() if one not in ("0s", 0, "", None, {}, [])}
        case list() | tuple():
            return [_spelt(one) for one in value]
        case str() if key in _DURATIONS:
            return _duration(value)
        case _:
            return value


def _duration(text: str) -> str:
    try:
        return Duration(text).go
    except ValueError:
        return text
