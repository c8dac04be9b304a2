"""Decide which Alertmanager may have a finding. Pure.

What is known about a security cluster is seen only by those who may see its logs. So one name of a security cluster, or
of something that belongs to it, is enough.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Finding
from logops.findings.classes.alerts import ALERTS_UNDELIVERED, CHECK_OVERDUE
from logops.findings.classes.rollout import RESULTS_UNREADABLE

ABOUT_LOGOPS = (ALERTS_UNDELIVERED, CHECK_OVERDUE, RESULTS_UNREADABLE)
"""Classes about logops' own work. They name checks, files and addresses, and nothing that a cluster stores. A check may
have a name like a source (`retention-audit`), and an Alertmanager that is away cannot tell that it is away."""


def audience(finding: Finding, environment: Environment) -> Data:
    """Return whose finding it is: `security` or `standard`."""
    if finding.cls in ABOUT_LOGOPS:
        return "standard"
    if finding.subject.cluster:
        return cluster_audience(finding.subject.cluster, environment)
    return text_audience((str(finding.subject), finding.message, *map(str, finding.evidence.values())), environment)


def cluster_audience(cluster: str, environment: Environment) -> Data:
    """Return whose cluster it is. If it is no longer declared, nobody can say what it stored."""
    if declared := environment.clusters.get(cluster):
        return declared.data
    return "security" if _security_names(environment) else "standard"


def text_audience(texts: Iterable[str], environment: Environment) -> Data:
    """Return who may read texts, such as the diff of a file: `security` if one names a security cluster."""
    names = _security_names(environment)
    return "security" if names and any(_name_pattern(names).search(text) for text in texts) else "standard"


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
