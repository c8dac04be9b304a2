"""Cases for processes, schema and keys: class, path, files with the defect, files without it."""

import yaml

from tests.unit.doctor.files import OLD_PERIOD, PERIOD, loki, overrides, promtail, values


def workload(*arguments: str) -> str:
    """Return a StatefulSet that runs Loki."""
    container = {"name": "loki", "image": "docker.io/grafana/loki:3.7.8", "args": list(arguments)}
    spec = {"template": {"spec": {"containers": [container]}}}
    return yaml.safe_dump({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "x"}, "spec": spec})


CASES: list[tuple[str, str, list[str], list[str]]] = [
    (
        "replication-above-ingesters",
        "loki.commonConfig.replication_factor",
        [values(loki__commonConfig={"path_prefix": "/var/loki", "replication_factor": 3}, ingester__replicas=2)],
        [values(loki__commonConfig={"path_prefix": "/var/loki", "replication_factor": 2}, ingester__replicas=2)],
    ),
    (
        "replication-above-ingesters",
        "loki.ingester.lifecycler.ring.replication_factor",
        [values(loki__ingester={"lifecycler": {"ring": {"replication_factor": 5}}})],
        [values(loki__ingester={"lifecycler": {"ring": {"replication_factor": 3}}})],
    ),
    ("wal-not-persistent", "ingester.persistence", [values(ingester__persistence=None)], [values()]),
    ("wal-not-persistent", "ingester.wal.enabled", [loki(ingester={"wal": {"enabled": False}})], [loki()]),
    (
        "wal-not-persistent",
        "loki.ingester.wal.dir",
        [values(loki__ingester={"wal": {"dir": "/loki/wal"}})],
        [values(loki__ingester={"wal": {"dir": "/var/loki/wal"}})],
    ),
    (
        "directory-off-volume",
        "loki.compactor.working_directory",
        [values(loki__compactor__working_directory="/var/loki-compactor")],
        [values(loki__compactor__working_directory="/var/loki/compactor")],
    ),
    (
        "directory-unset",
        "storage_config.tsdb_shipper.cache_location",
        [loki(common=None)],
        [loki(common=None, storage_config__tsdb_shipper={"active_index_directory": "/a", "cache_location": "/b"})],
    ),
    (
        "directory-relative",
        "ingester.wal.dir",
        [loki(common=None, storage_config__tsdb_shipper={"active_index_directory": "/a", "cache_location": "/b"})],
        [
            loki(
                common=None,
                storage_config__tsdb_shipper={"active_index_directory": "/a", "cache_location": "/b"},
                ingester={"wal": {"dir": "/wal"}},
            )
        ],
    ),
    (
        "directory-relative",
        "compactor.working_directory",
        [loki(compactor__working_directory="compactor")],
        [loki(compactor__working_directory="/compactor")],
    ),
    (
        "directory-relative",
        "common.path_prefix",
        [loki(common__path_prefix="./loki")],
        [loki(common__path_prefix="${FOLDER}")],
    ),
    ("ring-unreachable", "ingester.lifecycler.ring.kvstore", [loki(memberlist=None)], [loki()]),
    (
        "ring-unreachable",
        "common.ring.kvstore",
        [loki(common__ring={"kvstore": {"store": "inmemory"}})],
        [loki(common__ring={"kvstore": {"store": "inmemory"}}, common__replication_factor=1)],
    ),
    (
        "ring-unreachable",
        "common.ring.kvstore",
        [loki(memberlist=None, common__ring={"kvstore": {"store": "memberlist"}})],
        [loki(memberlist=None, common__ring={"kvstore": {"store": "consul", "consul": {"host": "consul:8500"}}})],
    ),
    (
        "query-queue-bypassed",
        "frontend.downstream_url",
        [loki(frontend={"downstream_url": "http://loki-querier:3100"})],
        [loki(frontend={"scheduler_address": "loki-query-scheduler:9095"})],
    ),
    (
        "structured-metadata-unsupported",
        "limits_config.allow_structured_metadata",
        [loki(schema_config__configs=[OLD_PERIOD])],
        [loki(schema_config__configs=[OLD_PERIOD], limits_config__allow_structured_metadata=False)],
    ),
    (
        "structured-metadata-unsupported",
        "limits_config.allow_structured_metadata",
        [loki(schema_config__configs=[OLD_PERIOD, {**PERIOD, "from": "2026-11-24"}])],
        [loki(schema_config__configs=[OLD_PERIOD, {**PERIOD, "from": "2026-11-23"}])],
    ),
    ("schema-missing", "schema_config.configs", [loki(schema_config=None)], [loki()]),
    (
        "schema-outdated",
        "schema_config.configs[1].store",
        [loki(schema_config__configs=[OLD_PERIOD, {**PERIOD, "store": "boltdb-shipper", "from": "2025-01-01"}])],
        [loki(schema_config__configs=[OLD_PERIOD, {**PERIOD, "from": "2025-01-01"}])],
    ),
    ("key-removed", "compactor.shared_store", [loki(compactor__shared_store="azure")], [loki()]),
    (
        "key-removed",
        "overrides.application.enforce_metric_name",
        [loki(), overrides(enforce_metric_name=False)],
        [loki(), overrides(ingestion_rate_mb=4)],
    ),
    (
        "key-removed",
        "chunk_store_config.chunk_cache_config.enable_fifocache",
        [loki(chunk_store_config={"chunk_cache_config": {"enable_fifocache": True}})],
        [loki(chunk_store_config={"chunk_cache_config": {"embedded_cache": {"enabled": True}}})],
    ),
    (
        "key-deprecated",
        "limits_config.ruler_remote_write_url",
        [loki(limits_config__ruler_remote_write_url="http://mimir")],
        [loki(limits_config__ruler_remote_write_disabled=True)],
    ),
    (
        "key-deprecated",
        "schema_config.configs[0].store",
        [loki(schema_config__configs=[{**PERIOD, "store": "cassandra"}, {**PERIOD, "from": "2025-01-01"}])],
        [loki(schema_config__configs=[OLD_PERIOD, {**PERIOD, "from": "2025-01-01"}])],
    ),
    ("key-unknown", "ingester.chunk_idle_perod", [loki(ingester={"chunk_idle_perod": "30m"})], [loki()]),
    (
        "key-unknown",
        "scrape_configs[0].syslog.listen_adress",
        [promtail(scrape_configs__0__syslog={"listen_adress": "x"})],
        [promtail(scrape_configs__0__syslog={"listen_address": "x"})],
    ),
    (
        "limit-unknown",
        "limits_config.retention_perid",
        [loki(limits_config__retention_perid="90d")],
        [loki(limits_config__retention_period="90d")],
    ),
    (
        "limit-unknown",
        "overrides.application.retention_perid",
        [loki(), overrides(retention_perid="90d")],
        [loki(), overrides(retention_period="90d")],
    ),
    (
        "check-incomplete",
        "limits_config.retention_period",
        [loki(limits_config__retention_period="${RETENTION}")],
        [loki(limits_config__retention_period="90d")],
    ),
    (
        "variable-not-expanded",
        "storage_config.azure.account_name",
        [loki(storage_config__azure__account_name="${ACCOUNT}"), workload("-config.file=/loki.yaml")],
        [loki(storage_config__azure__account_name="${ACCOUNT}"), workload("-config.expand-env=true")],
    ),
    (
        "variable-not-expanded",
        "loki.storage.azure.accountName",
        [values(loki__storage__azure__accountName="${ACCOUNT}", enterprise={"enabled": False})],
        [values(loki__storage__azure__accountName="${ACCOUNT}")],
    ),
    (
        "variable-not-expanded",
        "overrides.application.retention_period",
        [loki(), overrides(retention_period="${KEEP}")],
        [loki(), overrides(retention_period="90d")],
    ),
]
