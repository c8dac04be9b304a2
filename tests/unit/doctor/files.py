"""Correct files. A test changes a value to create a defect."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from logops.doctor import RetentionPromise, check, read_texts
from logops.findings import Finding

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROMISE = RetentionPromise(keep=timedelta(days=90), hot=timedelta(days=30))

PERIOD = {
    "from": "2024-01-01",
    "store": "tsdb",
    "object_store": "azure",
    "schema": "v13",
    "index": {"prefix": "loki_index_", "period": "24h"},
}
OLD_PERIOD = {**PERIOD, "store": "boltdb-shipper", "schema": "v12"}

LOKI: dict[str, Any] = {
    "auth_enabled": True,
    "common": {"path_prefix": "/var/loki", "replication_factor": 3},
    "memberlist": {"join_members": ["loki-memberlist"]},
    "schema_config": {"configs": [PERIOD]},
    "storage_config": {"azure": {"account_name": "logs", "container_name": "loki-chunks"}},
    "ruler": {"storage": {"type": "azure", "azure": {"account_name": "logs", "container_name": "loki-ruler"}}},
    "compactor": {"retention_enabled": True, "delete_request_store": "azure"},
    "limits_config": {"retention_period": "90d"},
}

VALUES: dict[str, Any] = {
    "deploymentMode": "Distributed",
    "loki": {
        "schemaConfig": {"configs": [PERIOD]},
        "storage": {
            "type": "azure",
            "bucketNames": {"chunks": "loki-chunks", "ruler": "loki-ruler"},
            "azure": {"accountName": "logs"},
        },
        "compactor": {"retention_enabled": True, "delete_request_store": "azure"},
        "limits_config": {"retention_period": "90d"},
    },
    "ingester": {"replicas": 3, "persistence": {"enabled": True, "claims": [{"name": "data", "size": "10Gi"}]}},
    **{
        name: {"replicas": 2}
        for name in ("distributor", "querier", "queryFrontend", "queryScheduler", "indexGateway", "compactor")
    },
    **{name: {"replicas": 0} for name in ("read", "write", "backend")},
}

PROMTAIL: dict[str, Any] = {
    "clients": [{"url": "http://loki-gateway/loki/api/v1/push", "tenant_id": "application"}],
    "positions": {"filename": "/run/promtail/positions.yaml"},
    "scrape_configs": [
        {
            "job_name": "app",
            "static_configs": [{"targets": ["localhost"], "labels": {"job": "app", "__path__": "/app/*.log"}}],
            "pipeline_stages": [{"multiline": {"firstline": "^2"}}, {"json": {}}, {"labels": {"level": None}}],
        }
    ],
}

PROMTAIL_VALUES: dict[str, Any] = {
    "config": {
        "clients": [{"url": "http://loki-gateway/loki/api/v1/push", "tenant_id": "${TENANT}"}],
        "snippets": {"pipelineStages": [{"cri": {}}]},
    },
    "extraArgs": ["-config.expand-env=true"],
}

FLUENT_BIT = """[INPUT]
    Name tail
    Path /var/log/audit/*.log
    DB   /var/lib/fluent-bit/tail.db

[OUTPUT]
    Name loki
    host loki-gateway
    port 80
    tenant_id platform
    labels job=fluent-bit, cluster=${CLUSTER_NAME}
"""


def changed(good: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a copy with values set by path: `__` separates keys, numbers are list indexes, None removes a key.

    >>> changed({"a": [{"b": 1}]}, a__0__b=2)
    {'a': [{'b': 2}]}
    """
    result = deepcopy(good)
    for path, value in changes.items():
        *parents, last = path.split("__")
        at: Any = result
        for parent in parents:
            at = at[int(parent)] if parent.isdigit() else at.setdefault(parent, {})
        if value is None:
            del at[last]
        else:
            at[last] = value
    return result


def loki(**changes: Any) -> str:
    return yaml.safe_dump(changed(LOKI, **changes))


def values(**changes: Any) -> str:
    return yaml.safe_dump(changed(VALUES, **changes))


def promtail(**changes: Any) -> str:
    return yaml.safe_dump(changed(PROMTAIL, **changes))


def promtail_values(**changes: Any) -> str:
    return yaml.safe_dump(changed(PROMTAIL_VALUES, **changes))


def stages(*pipeline_stages: dict[str, Any]) -> str:
    return promtail(scrape_configs__0__pipeline_stages=list(pipeline_stages))


def policy(prefix: str = "loki-chunks/application/", **days: int) -> str:
    """Return an Azure lifecycle policy with one rule. Actions: tierToCool, tierToCold, tierToArchive, delete."""
    actions = {action: {"daysAfterModificationGreaterThan": after} for action, after in days.items()}
    definition = {"filters": {"prefixMatch": [prefix]}, "actions": {"baseBlob": actions}}
    return yaml.safe_dump({"rules": [{"name": "chunks", "enabled": True, "definition": definition}]})


def policy_of(*rules: tuple[str, list[str]]) -> str:
    """Return an Azure lifecycle policy with these rules: their names and prefixes."""
    actions = {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 30}}}
    return yaml.safe_dump(
        {
            "rules": [
                {"name": name, "enabled": True, "definition": {"filters": {"prefixMatch": found}, "actions": actions}}
                for name, found in rules
            ]
        }
    )


def terraform(kind: str = "azurerm_storage_management_policy", enabled: str = "true") -> str:
    return f"""
resource "{kind}" "loki" {{
  rule {{
    name    = "chunks"
    enabled = {enabled}
    filters {{
      prefix_match = ["loki-chunks/application/"]
    }}
    actions {{
      base_blob {{
        tier_to_cool_after_days_since_modification_greater_than = 30
      }}
    }}
  }}
}}
"""


def overrides(**limits: Any) -> str:
    return yaml.safe_dump({"overrides": {"application": limits}})


def findings(*texts: str) -> list[Finding]:
    """Return the findings of files that belong together."""
    return check(read_texts({f"file-{n}": text for n, text in enumerate(texts)}, PROMISE), NOW)


def finding_paths(*texts: str) -> set[tuple[str, str]]:
    """Return class and path of each finding of files that belong together."""
    return {(finding.cls.name, finding.subject.path) for finding in findings(*texts)}
