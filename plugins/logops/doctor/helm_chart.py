"""Facts about Loki's Helm chart: which keys it reads and which defaults it sets.

Source: values.yaml and templates/ of the chart grafana-community/loki 18.11.0. grafana/loki 6.55.0 has the same keys
below `loki` and below a component.
"""

from collections.abc import Mapping
from typing import Any

from logops.doctor.charts import Chart
from logops.doctor.defaults import LOKI_DEFAULTS
from logops.doctor.deployment import HelmValues

COMPONENTS = {
    "distributor": "distributor",
    "ingester": "ingester",
    "querier": "querier",
    "queryFrontend": "query-frontend",
    "queryScheduler": "query-scheduler",
    "indexGateway": "index-gateway",
    "compactor": "compactor",
    "ruler": "ruler",
}
"""The chart's name of a component -> Loki's name."""

LOKI_SECTIONS = frozenset(
    {
        "analytics", "auth_enabled", "block_builder", "bloom_build", "bloom_gateway", "compactor",
        "compactor_grpc_client", "distributor", "frontend", "frontend_worker", "index_gateway", "ingester",
        "ingester_client", "limits_config", "operational_config", "pattern_ingester", "querier", "query_range",
        "query_scheduler", "server", "storage_config", "tracing", "ui",
    }
)  # fmt: skip
"""Keys under `loki` that the chart copies into Loki's configuration."""

SWITCH_SECTIONS = frozenset({"tracing", "ui"})
"""Sections of which the chart copies only `enabled`; their other keys belong to the chart."""

CHART_KEYS = frozenset(
    {
        "annotations", "command", "commonConfig", "config", "configObjectName", "configStorageType",
        "containerSecurityContext", "dnsConfig", "enableServiceLinks", "extraMemberlistConfig",
        "generatedConfigObjectName", "hostAliases", "hostUsers", "image", "kedaAutoscaling", "livenessProbe",
        "memberlistConfig", "nodeSelector", "podAnnotations", "podLabels", "podSecurityContext",
        "priorityClassName", "readinessProbe", "resources", "revisionHistoryLimit", "rulerConfig",
        "runtimeConfig", "schemaConfig", "service", "serviceAnnotations", "serviceLabels", "startupProbe",
        "storage", "structuredConfig", "tenants", "terminationGracePeriodSeconds", "testSchemaConfig",
        "tolerations", "useTestSchema",
    }
)  # fmt: skip
"""Keys under `loki` that belong to the chart, not to Loki."""

RENAMED_SECTIONS = {
    "common": "commonConfig",
    "memberlist": "memberlistConfig",
    "ruler": "rulerConfig",
    "runtime_config": "runtimeConfig",
    "schema_config": "schemaConfig",
}
"""Loki's name of a section -> the chart's name of it under `loki`."""

DEFAULTS: Mapping[str, Any] = {
    **LOKI_DEFAULTS,
    "common.path_prefix": "/var/loki",
    "memberlist.join_members": ["loki-memberlist"],
    "server.grpc_listen_port": 9095,
}
"""Loki's defaults, with the changes that the chart makes."""

VOLUME = "/var/loki"
"""Mount path of each component's volume (templates/_pod.tpl). All other folders are read-only."""

GATEWAY_PORT = 80

STORAGE_KEYS = frozenset(
    {"azure", "bucketNames", "filesystem", "gcs", "object_store", "s3", "swift", "type", "use_thanos_objstore"}
)
"""Keys of `loki.storage`."""

AZURE_KEYS = frozenset(
    {
        "accountKey", "accountName", "chunkDelimiter", "connectionString", "endpointSuffix", "requestTimeout",
        "useFederatedToken", "useManagedIdentity", "userAssignedId",
    }
)  # fmt: skip
"""Keys of `loki.storage.azure`."""

MODE = {Chart.LOKI: "Monolithic", Chart.LOKI_6: "SimpleScalable"}
"""Default of `deploymentMode`."""


def is_distributed(values: HelmValues) -> bool:
    """Return whether the values deploy Loki in distributed mode."""
    counts = (values.get(name, "replicas") for name in COMPONENTS)
    return values.get("deploymentMode") == "Distributed" or any(isinstance(n, int) and n > 0 for n in counts)
