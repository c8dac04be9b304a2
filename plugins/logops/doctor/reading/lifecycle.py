"""Read Azure's lifecycle policies in the JSON of the management API.

Format: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor.deployment import LifecycleAction, LifecycleRule, Location, TierName
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


def read_policy(rules: list[Any], location: Location, account: str = "") -> Iterator[LifecycleRule]:
    """Yield the rules of a policy."""
    for index, rule in enumerate(rules):
        rule_location = location.at(index)
        definition = as_mapping(as_mapping(rule).get("definition"))
        filters = as_mapping(definition.get("filters"))
        actions = as_mapping(as_mapping(definition.get("actions")).get("baseBlob"))
        at_actions = rule_location.at("definition", "actions", "baseBlob")
        prefixes = rule_location.at("definition", "filters", "prefixMatch")
        by_name = {
            name: action for name, body in actions.items() if (action := _action(body, at_actions.at(str(name))))
        }
        yield LifecycleRule(
            name=str(as_mapping(rule).get("name", f"rule {index}")),
            location=rule_location,
            prefixes=tuple((str(p), prefixes.at(i)) for i, p in enumerate(as_list(filters.get("prefixMatch")))),
            tiers={tier: by_name[name] for name, tier in _TIERS.items() if name in by_name},
            delete=by_name.get("delete"),
            account=account,
            enabled=as_mapping(rule).get("enabled") is not False,
        )


def _action(body: Any, location: Location) -> LifecycleAction | None:
    for key, value in as_mapping(body).items():
        since, count = _SINCE.fullmatch(str(key)), number(value)
        if since and count is not None:
            return LifecycleAction(count, location.at(str(key)), SINCE[since[1]])
    return None
