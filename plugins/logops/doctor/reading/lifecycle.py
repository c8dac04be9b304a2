"""Azure's lifecycle policies: JSON as the management API has it.

Format: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor.deployment import Days, LifecycleRule, Place, TierName
from logops.doctor.quantities import number
from logops.doctor.reading.parts import elements, mapping

_TIERS: dict[str, TierName] = {"tierToCool": "cool", "tierToCold": "cold", "tierToArchive": "archive"}
_SINCE = re.compile(r"daysAfter(Modification|Creation|LastAccessTime|LastTierChange)GreaterThan")
SINCE = {
    "Modification": "modification",
    "Creation": "creation",
    "LastAccessTime": "last access",
    "LastTierChange": "last tier change",
}


def policy_rules(document: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]] | None:
    """The rules of a policy, bare, under `policy` or in an ARM resource, and the keys above; None for no policy."""
    for above in ((), ("policy",), ("properties", "policy"), ("lifecycle",)):
        block: Any = document
        for key in above:
            block = mapping(block).get(key)
        rules = elements(mapping(block).get("rules"))
        if rules and all("definition" in mapping(rule) for rule in rules):
            return rules, (*above, "rules")
    return None


def read_policy(rules: list[Any], place: Place, account: str = "") -> Iterator[LifecycleRule]:
    """The rules of a policy. Days are what Azure counts: more than so many since `since`."""
    for index, rule in enumerate(rules):
        where = place.at(index)
        definition = mapping(mapping(rule).get("definition"))
        filters = mapping(definition.get("filters"))
        actions = mapping(mapping(definition.get("actions")).get("baseBlob"))
        at_actions = where.at("definition", "actions", "baseBlob")
        prefixes = where.at("definition", "filters", "prefixMatch")
        steps = {name: step for name, body in actions.items() if (step := _days(body, at_actions.at(str(name))))}
        yield LifecycleRule(
            name=str(mapping(rule).get("name", f"rule {index}")),
            place=where,
            prefixes=tuple((str(p), prefixes.at(i)) for i, p in enumerate(elements(filters.get("prefixMatch")))),
            tiers={tier: steps[name] for name, tier in _TIERS.items() if name in steps},
            delete=steps.get("delete"),
            account=account,
            enabled=mapping(rule).get("enabled") is not False,
        )


def _days(body: Any, place: Place) -> Days | None:
    for key, value in mapping(body).items():
        since, count = _SINCE.fullmatch(str(key)), number(value)
        if since and count is not None:
            return Days(count, place.at(str(key)), SINCE[since[1]])
    return None
