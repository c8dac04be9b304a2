"""Containers and lifecycle policy of a storage account."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from logops.environment.model import Environment
from logops.environment.storage import LifecycleRule
from logops.render.files import digest_of

_MOST_RULES, _MOST_PREFIXES = 100, 10
"""In a policy, and in a rule (learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview)."""


def account_state(environment: Environment, name: str) -> dict[str, Any]:
    """What an account must have: `{account, redundancy, containers, lifecycle}`."""
    account = environment.storage_accounts[name]
    return {
        "account": account.account_name,
        "containers": sorted(account.containers),
        "lifecycle": lifecycle_policy(environment, name),
    }


def lifecycle_rules(environment: Environment, account_name: str) -> tuple[LifecycleRule, ...]:
    """The account's own rules, and one for each tenant whose chunks change tier.

    Loki's chunks lie under `TENANT/` in the chunk container; its index lies under `index/`, which no tenant's
    prefix covers. Deletion is Loki's alone: a rule that deletes blobs would leave an index that points at nothing.
    """
    account = environment.storage_accounts[account_name]
    return (*account.lifecycle, *_tier_rules(environment, account_name))


def lifecycle_policy(environment: Environment, account_name: str) -> dict[str, Any]:
    """The policy as Azure's management API takes it.

    Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
    """
    rules = lifecycle_rules(environment, account_name)
    if len(rules) > _MOST_RULES:
        return {"rules": [*_joined(rules)]}
    return {"rules": [_azure_rule(rule, [rule]) for rule in rules]}


def _joined(rules: Iterable[LifecycleRule]) -> Iterator[dict[str, Any]]:
    """Ten prefixes of the same steps in a rule, named after the first of them: more tenants than Azure has rules."""

    def steps(rule: LifecycleRule) -> tuple[str, ...]:
        after = (rule.cool_after, rule.cold_after, rule.archive_after, rule.delete_after)
        return (rule.container, *("" if days is None else f"{days:05}" for days in after))

    for _, alike in groupby(sorted(rules, key=lambda rule: (steps(rule), rule.prefix)), key=steps):
        together = [*alike]
        for first in range(0, len(together), _MOST_PREFIXES):
            yield _azure_rule(together[first], together[first : first + _MOST_PREFIXES])


def _tier_rules(environment: Environment, account_name: str) -> list[LifecycleRule]:
    rules = []
    for cluster_name, cluster in environment.clusters.items():
        if cluster.storage_account != account_name:
            continue
        for tenant_name, tenant in cluster.tenants.items():
            if tenant.retention.then is None:
                continue
            days = int(tenant.retention.hot.days)
            rules.append(
                LifecycleRule(
                    name=_rule_name(cluster_name, tenant_name),
                    container=cluster.containers.chunks,
                    prefix=f"{tenant_name}/",
                    cool_after=days if tenant.retention.then == "Cool" else None,
                    cold_after=days if tenant.retention.then == "Cold" else None,
                )
            )
    return rules


def _rule_name(cluster: str, tenant: str) -> str:
    """In the letters Azure allows in a rule's name. Two names must not become one (`a_b` and `a-b`): where letters
    are lost, or a hyphen leaves open where the cluster's name ends, a digest tells them apart."""
    name = f"{cluster}-{re.sub(r'[^A-Za-z0-9]', '-', tenant)}-chunks"
    return name if tenant.isalnum() else f"{name}-{digest_of(cluster, tenant)[:8]}"


def _azure_rule(rule: LifecycleRule, together: Iterable[LifecycleRule]) -> dict[str, Any]:
    """One of Azure's rules: the steps of `rule`, the prefixes of all."""
    days = {
        "tierToCool": rule.cool_after,
        "tierToCold": rule.cold_after,
        "tierToArchive": rule.archive_after,
        "delete": rule.delete_after,
    }
    actions = {
        action: {"daysAfterModificationGreaterThan": after} for action, after in days.items() if after is not None
    }
    prefixes = [f"{one.container}/{one.prefix}" for one in together]
    return {
        "enabled": True,
        "name": rule.name,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blobTypes": ["blockBlob"], "prefixMatch": prefixes},
            "actions": {"baseBlob": actions},
        },
    }
