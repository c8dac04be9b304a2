"""Render the containers and the lifecycle policy of a storage account."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from logops.environment.model import Environment
from logops.environment.storage import LifecycleRule
from logops.render.files import digest_of

_MAX_RULES, _MAX_PREFIXES = 100, 10
"""Azure's limits: rules in a policy, prefixes in a rule.

Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview.
"""


def account_state(environment: Environment, name: str) -> dict[str, Any]:
    """Return the desired state of an account: `{account, containers, lifecycle}`."""
    account = environment.storage_accounts[name]
    return {
        "account": account.account_name,
        "containers": sorted(account.containers),
        "lifecycle": lifecycle_policy(environment, name),
    }


def lifecycle_rules(environment: Environment, account_name: str) -> tuple[LifecycleRule, ...]:
    """Return the rules declared for the account, and one rule for each tenant whose chunks change tier.

    Chunks are stored under `TENANT/` in the chunk container. The index is stored under `index/`, which no tenant's
    prefix matches. Only Loki deletes chunks: a rule that deletes them would leave an index that lists missing chunks.
    """
    account = environment.storage_accounts[account_name]
    return (*account.lifecycle, *_tier_rules(environment, account_name))


def lifecycle_policy(environment: Environment, account_name: str) -> dict[str, Any]:
    """Return the policy in the format of Azure's management API.

    Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
    """
    rules = lifecycle_rules(environment, account_name)
    if len(rules) > _MAX_RULES:
        return {"rules": [*_merged_rules(rules)]}
    return {"rules": [_azure_rule(rule, [rule]) for rule in rules]}


def _merged_rules(rules: Iterable[LifecycleRule]) -> Iterator[dict[str, Any]]:
    """Merge rules with the same actions into rules with up to ten prefixes, each named after the first merged rule.

    Used if there are more rules than Azure allows.
    """

    def actions(rule: LifecycleRule) -> tuple[str, ...]:
        after = (rule.cool_after, rule.cold_after, rule.archive_after, rule.delete_after)
        return (rule.container, *("" if days is None else f"{days:05}" for days in after))

    for _, group in groupby(sorted(rules, key=lambda rule: (actions(rule), rule.prefix)), key=actions):
        same_actions = [*group]
        for first in range(0, len(same_actions), _MAX_PREFIXES):
            yield _azure_rule(same_actions[first], same_actions[first : first + _MAX_PREFIXES])


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
    """Return a unique rule name in the characters that Azure allows.

    Two tenants must not get the same name (`a_b` and `a-b`). If a tenant's name has other characters than letters and
    digits, a digest makes the rule name unique.
    """
    name = f"{cluster}-{re.sub(r'[^A-Za-z0-9]', '-', tenant)}-chunks"
    return name if tenant.isalnum() else f"{name}-{digest_of(cluster, tenant)[:8]}"


def _azure_rule(rule: LifecycleRule, rules: Iterable[LifecycleRule]) -> dict[str, Any]:
    """Return a rule in Azure's format, with the actions of `rule` and the prefixes of all `rules`."""
    days = {
        "tierToCool": rule.cool_after,
        "tierToCold": rule.cold_after,
        "tierToArchive": rule.archive_after,
        "delete": rule.delete_after,
    }
    actions = {
        action: {"daysAfterModificationGreaterThan": after} for action, after in days.items() if after is not None
    }
    prefixes = [f"{merged.container}/{merged.prefix}" for merged in rules]
    return {
        "enabled": True,
        "name": rule.name,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blobTypes": ["blockBlob"], "prefixMatch": prefixes},
            "actions": {"baseBlob": actions},
        },
    }
