"""Render the lifecycle policy of a storage account: the declared rules, and one for each tenant that changes tier."""

import re
from typing import Any

from logops.environment.model import Environment
from logops.environment.storage import LifecycleRule
from logops.render.files import digest_of
from logops.render.storage.joined_rules import JoinedRule, join_rules


def lifecycle_policy(environment: Environment, account_name: str) -> dict[str, Any]:
    """Return the policy in the format of Azure's management API.

    Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
    """
    return {"rules": [_azure_rule(rule) for rule in join_rules(lifecycle_rules(environment, account_name))]}


def lifecycle_rules(environment: Environment, account_name: str) -> tuple[LifecycleRule, ...]:
    """Return the rules declared for the account, and one rule for each tenant whose chunks change tier.

    Chunks are stored under `TENANT/` in the chunk container. The index is stored under `index/`, which no tenant's
    prefix matches. Only Loki deletes chunks: a rule that deletes them would leave an index that lists missing chunks.
    """
    account = environment.storage_accounts[account_name]
    return (*account.lifecycle, *_tier_rules(environment, account_name))


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


def _azure_rule(rule: JoinedRule) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": rule.name,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blobTypes": ["blockBlob"], "prefixMatch": list(rule.prefixes)},
            "actions": {
                "baseBlob": {action: {"daysAfterModificationGreaterThan": days} for action, days in rule.actions}
            },
        },
    }
