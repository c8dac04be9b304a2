"""Read Azure's lifecycle policies in the JSON of the management API.

Format: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from logops.doctor.deployment import LifecycleAction, LifecycleRule, Location, TierName, UnreadablePart
from logops.doctor.quantities import number
from logops.doctor.untyped import as_list, as_mapping

_TIERS: dict[str, TierName] = {"tierToCool": "cool", "tierToCold": "cold", "tierToArchive": "archive"}
_SINCE = re.compile(r"daysAfter(Modification|Creation|LastAccessTime|LastTierChange)GreaterThan")
SINCE = {
    "Modification": "modification",
    "Creation": "creation",
    "LastAccessTime": "last access",
    "LastTierChange": "last tier change",
}

MANAGEMENT_POLICY = "microsoft.storage/storageaccounts/managementpolicies"
"""Resource type of a lifecycle policy, in lower case."""
EXPRESSION = "an expression, which only Terraform or Azure can evaluate"


def policy_rules(document: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]] | None:
    """Return the rules of a policy and the keys above them; None if the document is not a policy.

    The rules may be at the top, under `policy` or in an ARM resource.
    """
    for keys_above in ((), ("policy",), ("properties", "policy"), ("lifecycle",)):
        block: Any = document
        for key in keys_above:
            block = as_mapping(block).get(key)
        rules = as_list(as_mapping(block).get("rules"))
        if rules and all("definition" in as_mapping(rule) for rule in rules):
            return rules, (*keys_above, "rules")
    return None


def template_policies(document: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], tuple[str | int, ...]]]:
    """Yield the lifecycle policies among the resources of an ARM template, each with the keys above it.

    Resources are a list, or an object by symbolic name. A resource may have resources of its own.
    Format: learn.microsoft.com/azure/azure-resource-manager/templates/syntax.
    """
    resources = document.get("resources")
    entries: Iterable[tuple[str | int, Any]] = (
        resources.items() if isinstance(resources, Mapping) else enumerate(as_list(resources))
    )
    for key, entry in entries:
        resource = as_mapping(entry)
        kind = str(resource.get("type")).lower()
        if kind == MANAGEMENT_POLICY or kind == MANAGEMENT_POLICY.rpartition("/")[2]:
            yield resource, ("resources", key)
        for inner, keys_above in template_policies(resource):
            yield inner, ("resources", key, *keys_above)


def read_template(document: Mapping[str, Any], location: Location) -> Iterator[LifecycleRule | UnreadablePart]:
    """Yield the rules of the lifecycle policies in an ARM template."""
    for resource, keys_above in template_policies(document):
        at_resource = location.at(*keys_above)
        if policy := policy_rules(resource):
            yield from read_policy(policy[0], at_resource.at(*policy[1]))
        else:
            yield UnreadablePart(at_resource.at("properties"), EXPRESSION)


def read_policy(rules: list[Any], location: Location) -> Iterator[LifecycleRule | UnreadablePart]:
    """Yield the rules of a policy. Instead of a rule with an expression, yield what is an expression."""
    for index, rule in enumerate(rules):
        rule_location = location.at(index)
        definition = as_mapping(as_mapping(rule).get("definition"))
        actions = as_mapping(as_mapping(definition.get("actions")).get("baseBlob"))
        at_actions = rule_location.at("definition", "actions", "baseBlob")
        prefixes = as_mapping(definition.get("filters")).get("prefixMatch", [])
        at_prefixes = rule_location.at("definition", "filters", "prefixMatch")
        unreadable = list(_expressions(actions, at_actions))
        if not isinstance(prefixes, list) or any(map(_is_expression, prefixes)):
            unreadable.append(at_prefixes)
        if unreadable:
            yield from (UnreadablePart(at_expression, EXPRESSION) for at_expression in unreadable)
            continue
        by_name = {
            name: action for name, body in actions.items() if (action := _action(body, at_actions.at(str(name))))
        }
        yield LifecycleRule(
            name=str(as_mapping(rule).get("name", f"rule {index}")),
            location=rule_location,
            prefixes=tuple((str(prefix), at_prefixes.at(i)) for i, prefix in enumerate(prefixes)),
            tiers={tier: by_name[name] for name, tier in _TIERS.items() if name in by_name},
            delete=by_name.get("delete"),
            enabled=as_mapping(rule).get("enabled") is not False,
        )


def _expressions(actions: Mapping[str, Any], location: Location) -> Iterator[Location]:
    """Yield the locations of days that are not a number."""
    for name, body in actions.items():
        if not isinstance(body, Mapping):
            yield location.at(str(name))
        for key, value in as_mapping(body).items():
            if _SINCE.fullmatch(str(key)) and number(value) is None:
                yield location.at(str(name), str(key))


def _is_expression(prefix: Any) -> bool:
    """Return whether a prefix is not a text, or an expression of an ARM template: `[concat(...)]`."""
    return not isinstance(prefix, str) or (prefix.startswith("[") and not prefix.startswith("[["))


def _action(body: Any, location: Location) -> LifecycleAction | None:
    for key, value in as_mapping(body).items():
        since, count = _SINCE.fullmatch(str(key)), number(value)
        if since and count is not None:
            return LifecycleAction(count, location.at(str(key)), SINCE[since[1]])
    return None
