"""Each class: found, with its path, where it is broken, and not where it is mended."""

from datetime import UTC, datetime

import pytest

from logops.coherence import check, read_texts
from logops.findings.classes import coherence
from unit.coherence.files import (
    FLUENT_BIT,
    LOKI,
    OLD_PERIOD,
    PERIOD,
    changed,
    findings,
    found,
    loki,
    overrides,
    policy,
    promtail,
    promtail_values,
    stages,
    terraform,
    values,
)

SECURITY = {"account_name": "vault", "container_name": "security-logs"}
PUBLIC = {"enabled": True, "hosts": [{"host": "logs.example.com"}]}
ALL_DAY = {"selector": '{a="b"}', "priority": 1, "period": "100d"}
RULE = "rules[0].definition.actions.baseBlob"


def alone(**storage: str) -> str:
    """A security cluster's configuration."""
    return loki(storage_config__azure=storage, ruler=None)


CASES: list[tuple[str, str, list[str], list[str]]] = [
    ("retention-short", "limits_config.retention_period", [loki(limits_config__retention_period="744h")], [loki()]),
    (
        "retention-short",
        "limits_config.retention_stream[0].period",
        [loki(limits_config__retention_stream=[{**ALL_DAY, "period": "30d"}])],
        [loki(limits_config__retention_stream=[ALL_DAY])],
    ),
    (
        "retention-short",
        "overrides.application.retention_period",
        [loki(), overrides(retention_period="89d")],
        [loki(), overrides(retention_period="90d")],
    ),
    ("retention-not-enabled", "compactor.retention_enabled", [loki(compactor__retention_enabled=False)], [loki()]),
    ("retention-not-enabled", "loki.compactor.retention_enabled", [values(loki__compactor=None)], [values()]),
    (
        "retention-unlimited",
        "overrides.application.retention_period",
        [loki(), overrides(retention_period="0")],
        [loki(), overrides(retention_period="90d")],
    ),
    ("retention-unlimited", "limits_config.retention_period", [loki(limits_config=None)], [loki()]),
    (
        "stream-retention-refused",
        "overrides.application.retention_stream[0].period",
        [loki(), overrides(retention_stream=[{**ALL_DAY, "period": "23h"}])],
        [loki(), overrides(retention_stream=[ALL_DAY])],
    ),
    ("delete-store-missing", "compactor.delete_request_store", [loki(compactor__delete_request_store=None)], [loki()]),
    (
        "lifecycle-deletes-early",
        f"{RULE}.delete.daysAfterModificationGreaterThan",
        [loki(), policy(delete=90)],
        [loki(), policy(delete=91)],
    ),
    (
        "lifecycle-deletes-early",
        f"{RULE}.delete.daysAfterModificationGreaterThan",
        [loki(limits_config__retention_stream=[ALL_DAY]), policy(delete=100)],
        [loki(limits_config__retention_stream=[ALL_DAY]), policy(delete=101)],
    ),
    (
        "lifecycle-deletes-early",
        f"{RULE}.delete.daysAfterModificationGreaterThan",
        [loki(), overrides(retention_period="180d"), policy(delete=91)],
        [loki(), overrides(retention_period="180d"), policy("loki-chunks/other/", delete=91)],
    ),
    (
        "lifecycle-archives-live",
        f"{RULE}.tierToArchive.daysAfterModificationGreaterThan",
        [loki(), policy(tierToArchive=90)],
        [loki(), policy("system-logs/", tierToArchive=90)],
    ),
    (
        "lifecycle-touches-index",
        "rules[0].definition.filters.prefixMatch[0]",
        [loki(), policy("loki-chunks/", tierToCool=30)],
        [loki(), policy("loki-chunks/application/", tierToCool=30)],
    ),
    (
        "lifecycle-touches-index",
        "rules[0].definition.filters.prefixMatch[0]",
        [loki(), policy("loki-ch", tierToCool=30)],
        [loki(), policy("loki-ruler/", tierToCool=30)],
    ),
    (
        "lifecycle-cools-early",
        f"{RULE}.tierToCool.daysAfterModificationGreaterThan",
        [loki(), policy(tierToCool=29)],
        [loki(), policy(tierToCool=30)],
    ),
    (
        "lifecycle-not-applied",
        "azurerm_storage_lifecycle_management_policy.loki",
        [terraform("azurerm_storage_lifecycle_management_policy")],
        [terraform()],
    ),
    (
        "lifecycle-not-applied",
        "azurerm_storage_management_policy.loki.rule[0].enabled",
        [terraform(enabled="false")],
        [terraform()],
    ),
    (
        "early-deletion-fee",
        f"{RULE}.tierToArchive.daysAfterModificationGreaterThan",
        [policy("system-logs/", tierToArchive=90, delete=180)],
        [policy("system-logs/", tierToArchive=90, delete=270)],
    ),
    (
        "early-deletion-fee",
        f"{RULE}.tierToCold.daysAfterModificationGreaterThan",
        [loki(), policy(tierToCold=30)],
        [loki(), policy(tierToCool=30)],
    ),
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
        "storage-account-missing",
        "ruler.storage.azure.account_name",
        [loki(ruler__storage__azure={"container_name": "loki-ruler"})],
        [loki(ruler__storage__azure={"container_name": "r"}, common__storage={"azure": {"account_name": "logs"}})],
    ),
    ("component-missing", "compactor.replicas", [values(compactor={"enabled": True})], [values()]),
    (
        "component-missing",
        "ruler.replicas",
        [values(loki__rulerConfig={"alertmanager_url": "http://alertmanager"})],
        [values(loki__rulerConfig={"alertmanager_url": "http://alertmanager"}, ruler={"replicas": 1})],
    ),
    ("tenants-without-auth", "auth_enabled", [loki(auth_enabled=False), promtail()], [loki(auth_enabled=False)]),
    ("tenants-without-auth", "auth_enabled", [loki(auth_enabled=False), overrides()], [loki(), overrides()]),
    ("agent-without-tenant", "", [loki(), promtail(clients__0__tenant_id=None)], [loki(), promtail()]),
    (
        "agent-without-tenant",
        "config",
        [values(), promtail_values(config__clients__0__tenant_id=None)],
        [values(loki__tenants=[{"name": "application"}]), promtail_values(config__clients__0__tenant_id=None)],
    ),
    (
        "gateway-open",
        "gateway.ingress",
        [values(gateway={"ingress": PUBLIC})],
        [values(gateway={"ingress": PUBLIC, "basicAuth": {"enabled": True}})],
    ),
    (
        "gateway-open",
        "gateway.ingress",
        [values(gateway={"ingress": {**PUBLIC, "annotations": {"cert-manager.io/issuer": "x"}}})],
        [values(gateway={"ingress": {**PUBLIC, "annotations": {"nginx.ingress.kubernetes.io/auth-url": "x"}}})],
    ),
    (
        "security-data-shared",
        "storage_config.azure.account_name",
        [loki(), alone(account_name="logs", container_name="security-logs")],
        [loki(), alone(**SECURITY)],
    ),
    (
        "security-data-shared",
        "storage_config.azure.account_name",
        [loki(), alone(connection_string="AccountName=logs;AccountKey=hush", container_name="security-logs")],
        [loki(), alone(connection_string="AccountName=vault;AccountKey=hush", container_name="security-logs")],
    ),
    (
        "limits-contradict",
        "limits_config.per_stream_rate_limit",
        [loki(limits_config__per_stream_rate_limit="10MB", limits_config__per_stream_rate_limit_burst="20MB")],
        [loki(limits_config__per_stream_rate_limit="3MB", limits_config__per_stream_rate_limit_burst="5MB")],
    ),
    (
        "limits-contradict",
        "overrides.application.ingestion_rate_mb",
        [loki(), overrides(ingestion_rate_mb=2)],
        [loki(), overrides(ingestion_rate_mb=4)],
    ),
    (
        "limits-contradict",
        "limits_config.ingestion_rate_mb",
        [loki(limits_config__ingestion_rate_mb=100, limits_config__ingestion_burst_size_mb=50)],
        [loki(limits_config__ingestion_rate_mb=100, limits_config__ingestion_burst_size_mb=200)],
    ),
    (
        "limits-contradict",
        "limits_config.max_query_lookback",
        [loki(limits_config__max_query_lookback="30d")],
        [loki(limits_config__max_query_lookback="90d")],
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
    (
        "schema-outdated",
        "schema_config.configs[1].store",
        [loki(schema_config__configs=[OLD_PERIOD, {**OLD_PERIOD, "from": "2025-01-01"}])],
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
        "value-refused",
        "limits_config.retention_period",
        [loki(limits_config__retention_period="90 days")],
        [loki(limits_config__retention_period="90d")],
    ),
    (
        "value-refused",
        "limits_config.per_stream_rate_limit",
        [loki(limits_config__per_stream_rate_limit="3MiB")],
        [loki(limits_config__per_stream_rate_limit="3MB")],
    ),
    (
        "value-refused",
        "compactor.retention_delete_delay",
        [loki(compactor__retention_delete_delay="1d")],
        [loki(compactor__retention_delete_delay="24h")],
    ),
    (
        "check-incomplete",
        "limits_config.retention_period",
        [loki(limits_config__retention_period="${RETENTION}")],
        [loki(limits_config__retention_period="90d")],
    ),
    (
        "helm-key-ignored",
        "loki.schema_config",
        [values(loki__schemaConfig=None, loki__schema_config={"configs": [PERIOD]})],
        [values()],
    ),
    (
        "helm-key-ignored",
        "loki.limitsConfig",
        [values(loki__limitsConfig={"retention_period": "90d"})],
        [values(loki__limits_config={"retention_period": "90d"})],
    ),
    (
        "helm-key-ignored",
        "query-frontend",
        [values(queryFrontend=None, **{"query-frontend": {"replicas": 2}})],
        [values()],
    ),
    ("helm-key-ignored", "ingester.persistence.size", [values(ingester__persistence__size="10Gi")], [values()]),
    (
        "helm-key-ignored",
        "config.lokiAddress",
        [promtail_values(config__lokiAddress="http://loki:3100")],
        [promtail_values()],
    ),
    ("helm-values-refused", "deploymentMode", [values(deploymentMode=None)], [values()]),
    ("helm-values-refused", "deploymentMode", [values(write=None)], [values()]),
    ("helm-values-refused", "loki.storage.bucketNames", [values(loki__storage__bucketNames=None)], [values()]),
    ("helm-values-refused", "loki.schemaConfig", [values(loki__schemaConfig=None)], [values()]),
    (
        "helm-values-refused",
        "loki.server.grpc_listen_port",
        [values(loki__server={"grpc_listen_port": 9096})],
        [values(loki__server={"grpc_listen_port": 9095})],
    ),
    (
        "high-cardinality-label",
        "scrape_configs[0].pipeline_stages[0].labels.requestId",
        [stages({"labels": {"requestId": None}})],
        [stages({"structured_metadata": {"requestId": None}})],
    ),
    (
        "high-cardinality-label",
        "scrape_configs[0].pipeline_stages[0].labels.trace",
        [stages({"labels": {"trace": "trace_id"}})],
        [stages({"labels": {"level": "severity"}})],
    ),
    (
        "high-cardinality-label",
        "scrape_configs[0].relabel_configs[0].target_label",
        [promtail(scrape_configs__0__relabel_configs=[{"target_label": "pod_ip"}])],
        [promtail(scrape_configs__0__relabel_configs=[{"target_label": "pod"}])],
    ),
    (
        "high-cardinality-label",
        "OUTPUT[0].labels",
        [FLUENT_BIT.replace("job=fluent-bit", "user_id=$user_id")],
        [FLUENT_BIT],
    ),
    (
        "high-cardinality-label",
        "OUTPUT[0].auto_kubernetes_labels",
        [FLUENT_BIT + "    auto_kubernetes_labels on\n"],
        [FLUENT_BIT + "    auto_kubernetes_labels off\n"],
    ),
    ("agent-end-of-life", "", [promtail()], [FLUENT_BIT]),
    (
        "agent-position-lost",
        "positions.filename",
        [promtail(positions__filename="/tmp/positions.yaml")],
        [promtail()],
    ),
    ("agent-position-lost", "INPUT[0].DB", [FLUENT_BIT.replace("    DB ", "    Tag")], [FLUENT_BIT]),
    (
        "agent-port-wrong",
        "OUTPUT[0].port",
        [values(), FLUENT_BIT.replace("port 80", "port 3100")],
        [values(gateway={"service": {"port": 3100}}), FLUENT_BIT.replace("port 80", "port 3100")],
    ),
    (
        "agent-port-wrong",
        "clients[0].url",
        [values(), promtail(clients__0__url="http://loki-gateway.monitoring:3100/loki/api/v1/push")],
        [values(), promtail(clients__0__url="http://elsewhere:3100/loki/api/v1/push")],
    ),
    (
        "variable-not-expanded",
        "config.clients[0].tenant_id",
        [promtail_values(extraArgs=None)],
        [promtail_values()],
    ),
    (
        "drop-too-broad",
        "scrape_configs[0].pipeline_stages[0].drop.expression",
        [stages({"drop": {"expression": ".*health.*|.*ping.*"}})],
        [stages({"drop": {"expression": '"path":"/(health|ping)"'}})],
    ),
    (
        "drop-too-broad",
        "scrape_configs[0].pipeline_stages[0].drop.expression",
        [stages({"drop": {"expression": "(?i)health"}})],
        [stages({"drop": {"expression": "DEBUG"}}, {"drop": {"source": "path", "expression": "health"}})],
    ),
    (
        "pipeline-stage-useless",
        "scrape_configs[0].pipeline_stages[1].multiline",
        [stages({"regex": {"expression": "x"}}, {"multiline": {"firstline": "^2"}})],
        [stages({"multiline": {"firstline": "^2"}}, {"regex": {"expression": "x"}})],
    ),
    (
        "pipeline-stage-useless",
        "config.snippets.pipelineStages[0].docker",
        [promtail_values(config__snippets__pipelineStages=[{"docker": {}}])],
        [promtail_values()],
    ),
    (
        "source-shipped-twice",
        "INPUT[0].Path",
        [promtail_values(), FLUENT_BIT.replace("/var/log/audit/", "/var/log/containers/")],
        [promtail_values(), FLUENT_BIT],
    ),
]


@pytest.mark.parametrize(("name", "path", "broken", "mended"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
def test_a_defect_is_named_with_its_path_and_is_gone_when_mended(
    name: str, path: str, broken: list[str], mended: list[str]
) -> None:
    assert (name, path) in found(*broken)
    assert name not in {cls for cls, _ in found(*mended)}


def test_every_class_of_the_group_has_a_case() -> None:
    assert {cls.name for cls in coherence.CLASSES} - {case[0] for case in CASES} == set()


@pytest.mark.parametrize("text", [loki(), values(), FLUENT_BIT, terraform()], ids=["loki", "helm", "fluent-bit", "tf"])
def test_where_nothing_is_wrong_nothing_is_found(text: str) -> None:
    assert found(text) == set()


def test_promtail_s_age_is_the_only_thing_wrong_with_it() -> None:
    assert found(loki(), promtail()) == {("agent-end-of-life", "")}


def test_a_limit_inherited_from_the_cluster_is_not_reported_again_for_each_tenant() -> None:
    texts = loki(limits_config__retention_period="744h"), overrides(ingestion_rate_mb=4)

    assert [f.subject.tenant for f in findings(*texts) if f.cls.name == "retention-short"] == [""]


def test_a_finding_s_evidence_has_the_numbers() -> None:
    (short,) = [f for f in findings(loki(limits_config__retention_period="744h")) if f.cls.name == "retention-short"]

    assert (short.evidence["retention_days"], short.evidence["promised_days"]) == (31, 90)


def test_a_mistyped_key_comes_with_what_was_meant() -> None:
    (unknown,) = findings(loki(limits_config__retention_perid="90d"))

    assert unknown.remedy == "Did you mean retention_period?"


def test_a_key_in_the_wrong_section_comes_with_the_right_one() -> None:
    (unknown,) = findings(loki(limits_config__compaction_interval="10m"))

    assert unknown.remedy == "It belongs in compactor."


def test_the_key_of_a_connection_string_is_never_shown() -> None:
    texts = loki(), alone(connection_string="AccountName=logs;AccountKey=hush", container_name="security-logs")

    assert "hush" not in repr(findings(*texts))


def test_overrides_without_their_loki_are_still_checked() -> None:
    assert found(overrides(retention_perid="90d")) == {("limit-unknown", "overrides.application.retention_perid")}


def test_the_worst_comes_first() -> None:
    ranks = [f.cls.severity.rank for f in findings(loki(auth_enabled=False, compactor=None), promtail())]

    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) > 1


def test_promtail_is_no_finding_before_its_end() -> None:
    deployment = read_texts({"promtail.yaml": promtail()})

    assert check(deployment, datetime(2026, 3, 1, tzinfo=UTC)) == []


def test_changing_a_copy_leaves_the_good_file_alone() -> None:
    changed(LOKI, common__path_prefix="/x")

    assert LOKI["common"]["path_prefix"] == "/var/loki"
