"""Rules for what Azure accepts as a lifecycle policy.

Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview, /access-tiers-overview.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from logops.doctor.deployment import Deployment, LifecycleRule, Location
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes
from logops.render.storage import MAX_PREFIXES, MAX_RULES

_WITH_ARCHIVE = ("LRS", "GRS", "RA-GRS")
"""Redundancies with the tier Archive."""


def lifecycle_policy_refused(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a policy with too many rules or with two rules of one name, and a rule that Azure refuses."""
    yield from _too_many_rules(deployment)
    yield from _names_used_twice(deployment)
    redundancies = {policy.account: policy.redundancy for policy in deployment.policies}
    for rule in deployment.lifecycle:
        if len(rule.prefixes) > MAX_PREFIXES:
            message = f"lifecycle rule {rule.name} has {len(rule.prefixes)} prefixes; Azure allows {MAX_PREFIXES}"
            location = rule.prefixes[MAX_PREFIXES][1]
            yield RuleFinding(
                classes.LIFECYCLE_POLICY_REFUSED,
                location,
                message,
                source=rule.name,
                remedy="Split the rule.",
            )
        redundancy = redundancies.get(rule.account, "")
        archive = rule.tiers.get("archive")
        if archive and redundancy and redundancy not in _WITH_ARCHIVE:
            yield RuleFinding(
                classes.LIFECYCLE_POLICY_REFUSED,
                archive.location,
                f"lifecycle rule {rule.name} archives blobs of storage account {rule.account}, whose redundancy is "
                f"{redundancy}; Azure has no tier Archive for it",
                source=rule.name,
                remedy="Use cold_after instead of archive_after: Cold stays readable without rehydration. Or store "
                f"these blobs in an account with {', '.join(_WITH_ARCHIVE)}.",
            )


def _too_many_rules(deployment: Deployment) -> Iterator[RuleFinding]:
    """Report policies with more rules than an account can have. logops joins only the rules of an environment."""
    for policy in deployment.policies:
        if policy.rule_count > MAX_RULES:
            yield RuleFinding(
                classes.LIFECYCLE_POLICY_REFUSED,
                policy.location,
                f"the lifecycle policy of storage account {policy.account} needs {policy.rule_count} rules, although "
                f"rules with the same actions are joined; Azure allows {MAX_RULES}",
                remedy="Give more tenants the same tier after the same days, because they then share rules. Or move "
                "clusters to another storage account.",
                evidence={"rules": policy.rule_count, "allowed": MAX_RULES},
            )
    if not deployment.policies:
        for location, count in Counter(_policy_location(rule) for rule in deployment.lifecycle).items():
            if count > MAX_RULES:
                yield RuleFinding(
                    classes.LIFECYCLE_POLICY_REFUSED,
                    location,
                    f"the lifecycle policy has {count} rules; Azure allows {MAX_RULES}",
                    remedy=f"Join rules with the same actions: a rule can have {MAX_PREFIXES} prefixes.",
                    evidence={"rules": count, "allowed": MAX_RULES},
                )


def _names_used_twice(deployment: Deployment) -> Iterator[RuleFinding]:
    seen: set[tuple[object, str]] = set()
    for rule in deployment.lifecycle:
        # An account has one policy; without a known account, a policy is a place in a file.
        key = (rule.account or _policy_location(rule), rule.name)
        if key in seen:
            message = f"the lifecycle policy has two rules with the name {rule.name}"
            yield RuleFinding(
                classes.LIFECYCLE_POLICY_REFUSED,
                rule.location,
                message,
                source=rule.name,
                remedy="Rename one of them.",
            )
        seen.add(key)


def _policy_location(rule: LifecycleRule) -> Location:
    """Return the location of the list of rules.

    >>> _policy_location(LifecycleRule("a", Location("policy.json", "policy.rules[3]"), ())).path
    'policy.rules'
    """
    return replace(rule.location, path=rule.location.path.rpartition("[")[0])
