"""What Loki's Helm chart does with its values: grafana-community/loki 18.11.0 (values.yaml, templates/)."""

from collections.abc import Mapping
from typing import Any

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
"""The chart's name of a component to Loki's."""

LOKI_SECTIONS = frozenset(
    {
        "analytics", "auth_enabled", "block_builder", "bloom_build", "bloom_gateway", "compactor",
        "compactor_grpc_client", "distributor", "frontend", "frontend_worker", "index_gateway", "ingester",
        "ingester_client", "limits_config", "operational_config", "pattern_ingester", "querier", "query_range",
        "query_scheduler", "server", "storage_config", "tracing", "ui",
    }
)  # fmt: skip
"""Sections of Loki that the chart passes on from `loki`."""

SWITCH_SECTIONS = frozenset({"tracing", "ui"})
"""Of these the chart passes on `enabled` alone; the rest in them is the chart's own."""

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
"""Keys under `loki` that are the chart's, not Loki's."""

RENAMED_SECTIONS = {
    "common": "commonConfig",
    "memberlist": "memberlistConfig",
    "ruler": "rulerConfig",
    "runtime_config": "runtimeConfig",
    "schema_config": "schemaConfig",
}
"""Sections that the chart takes under a name of its own."""

DEFAULTS: Mapping[str, Any] = {
    **LOKI_DEFAULTS,
    "common.path_prefix": "/var/loki",
    "memberlist.join_members": ["loki-memberlist"],
    "server.grpc_listen_port": 9095,
}
"""Loki's, with what the chart grafana-community/loki (18.11.0, values.yaml) sets over them."""

VOLUME = "/var/loki"
"""Where that chart mounts each component's volume (templates/_pod.tpl). The rest of the file system is read-only."""

GATEWAY_PORT = 80


def is_distributed(values: HelmValues) -> bool:
    """Whether the values mean a distributed Loki."""
    counts = (values.get(name, "replicas") for name in COMPONENTS)
    return values.get("deploymentMode") == "Distributed" or any(isinstance(n, int) and n > 0 for n in counts)
