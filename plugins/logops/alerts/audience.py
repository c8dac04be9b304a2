"""Decide which Alertmanager may have a finding. Pure.

What is known about a security cluster is seen only by those who may see its logs. So one name of a security cluster, or
of something that belongs to it, is enough.
"""

import re
from functools import lru_cache

from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Finding


def audience(finding: Finding, environment: Environment) -> Data:
    """Return whose finding it is: `security` or `standard`."""
    cluster = environment.clusters.get(finding.subject.cluster)
    if cluster:
        return cluster.data
    names = _security_names(environment)
    if not names:
        return "standard"
    # A cluster that is no longer declared: nobody can say what it stored.
    if finding.subject.cluster:
        return "security"
    texts = (str(finding.subject), finding.message, *map(str, finding.evidence.values()))
    return "security" if any(_name_pattern(names).search(text) for text in texts) else "standard"


def _security_names(environment: Environment) -> frozenset[str]:
    """Return the names that only security clusters use: clusters, accounts, containers, sources."""
    clusters = {name for name, cluster in environment.clusters.items() if cluster.data == "security"}
    accounts = {environment.clusters[name].storage_account for name in clusters}
    declared = [environment.storage_accounts[name] for name in accounts if name in environment.storage_accounts]
    return frozenset(
        {
            *clusters,
            *accounts,
            *(account.account_name for account in declared),
            *(container for account in declared for container in account.containers),
            *(name for name, source in environment.sources.items() if source.cluster in clusters),
        }
    )


@lru_cache(maxsize=8)
def _name_pattern(names: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern that finds a name as a whole word, also as a part of a longer name: `security-ingester-0`."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, sorted(names)))})(?![A-Za-z0-9])")
