"""Tests with the files of the story: every defect is reported, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.doctor import RetentionPromise, check, read_documents

STORY = Path(__file__).parents[2] / "data" / "story"
FILES = sorted(path for path in STORY.iterdir() if path.suffix != ".md")
PROMISE = RetentionPromise(keep=timedelta(days=90), hot=timedelta(days=30))
"""Acceptance criterion 3: 30 days hot, 90 days cold."""

POLICY = "azurerm_storage_lifecycle_management_policy.loki"
BASE_BLOB = f"{POLICY}.rule[0].actions.base_blob"
SECURITY = "data.config.yaml"

DEFECTS = {
    "loki-values.yaml": {
        ("gateway-open", "gateway.ingress"),
        ("tenants-without-auth", "loki.auth_enabled"),
        ("retention-short", "loki.limits_config.retention_period"),
        ("structured-metadata-unsupported", "loki.limits_config.allow_structured_metadata"),
        ("schema-outdated", "loki.schema_config.configs[0]"),
        ("key-removed", "loki.compactor.shared_store"),
        ("key-removed", "loki.ingester.max_transfer_retries"),
        ("key-removed", "loki.limits_config.enforce_metric_name"),
        ("key-removed", "loki.query_range.results_cache.cache.enable_fifocache"),
        ("key-removed", "loki.query_range.results_cache.cache.fifocache"),
        ("key-removed", "loki.storage_config.boltdb_shipper.shared_store"),
        ("query-queue-bypassed", "loki.frontend.downstream_url"),
        ("storage-account-missing", "loki.ruler.storage.azure.account_name"),
        ("wal-not-persistent", "loki.ingester.wal.dir"),
        ("directory-off-volume", "loki.compactor.working_directory"),
        ("directory-off-volume", "loki.ruler.rule_path"),
        ("directory-off-volume", "loki.storage_config.boltdb_shipper.active_index_directory"),
        ("directory-off-volume", "loki.storage_config.boltdb_shipper.cache_location"),
        ("helm-key-ignored", "loki.schema_config"),
        ("helm-key-ignored", "loki.ruler"),
        ("helm-key-ignored", "query-frontend"),
        ("helm-key-ignored", "ingester.persistence.size"),
        ("helm-key-ignored", "ingester.persistence.storageClass"),
        ("helm-key-ignored", "compactor.persistence.size"),
        ("helm-key-ignored", "compactor.persistence.storageClass"),
        ("helm-values-refused", "deploymentMode"),
        ("helm-values-refused", "loki.server.grpc_listen_port"),
        ("helm-values-refused", "loki.storage.bucketNames"),
        ("component-missing", "compactor.replicas"),
        ("component-missing", "indexGateway.replicas"),
        ("component-missing", "queryScheduler.replicas"),
        ("component-missing", "ruler.replicas"),
    },
    "lifecycle.tf": {
        ("lifecycle-not-applied", POLICY),
        ("lifecycle-touches-index", f"{POLICY}.rule[0].filters.prefix_match[0]"),
        ("lifecycle-archives-live", f"{BASE_BLOB}.tier_to_archive_after_days_since_modification_greater_than"),
        ("early-deletion-fee", f"{BASE_BLOB}.tier_to_archive_after_days_since_modification_greater_than"),
        ("early-deletion-fee", f"{BASE_BLOB}.tier_to_cool_after_days_since_modification_greater_than"),
    },
    "promtail-values.yaml": {
        ("agent-end-of-life", "config"),
        ("helm-key-ignored", "config.lokiAddress"),
        ("helm-key-ignored", "config.scrapeConfigs"),
        ("helm-key-ignored", "volumes"),
        ("helm-key-ignored", "volumeMounts"),
        ("pipeline-stage-useless", "config.snippets.pipelineStages[0].docker"),
        ("drop-too-broad", "config.snippets.pipelineStages[1].drop.expression"),
        ("pipeline-stage-useless", "config.snippets.pipelineStages[5].multiline"),
        ("source-shipped-twice", "config.scrapeConfigs[0].relabel_configs[4].replacement"),
        ("key-unknown", "config.scrapeConfigs[3].azure_event_hubs.event_hub_name"),
        ("variable-not-expanded", "config.scrapeConfigs[3].azure_event_hubs.connection_string"),
    },
    "promtail-config.yaml": {
        ("agent-end-of-life", ""),
        ("agent-port-wrong", "clients[0].url"),
        ("agent-position-lost", "positions.filename"),
        ("high-cardinality-label", "scrape_configs[0].pipeline_stages[1].labels.trace_id"),
    },
    "fluent-bit.yaml": {
        ("agent-port-wrong", "data.fluent-bit.conf.OUTPUT[0].port"),
        ("agent-position-lost", "data.fluent-bit.conf.INPUT[0].DB"),
        ("agent-position-lost", "data.fluent-bit.conf.INPUT[1].DB"),
        ("high-cardinality-label", "data.fluent-bit.conf.OUTPUT[0].auto_kubernetes_labels"),
    },
    "security-logs.yaml": {
        ("key-unknown", f"{SECURITY}.tenants"),
        ("retention-not-enabled", f"{SECURITY}.compactor.retention_enabled"),
        ("structured-metadata-unsupported", f"{SECURITY}.limits_config.allow_structured_metadata"),
        ("schema-outdated", f"{SECURITY}.schema_config.configs[0]"),
        ("directory-unset", f"{SECURITY}.storage_config.boltdb_shipper.active_index_directory"),
        ("directory-unset", f"{SECURITY}.storage_config.boltdb_shipper.cache_location"),
        ("ring-unreachable", f"{SECURITY}.ingester.lifecycler.ring.kvstore"),
        ("storage-account-missing", f"{SECURITY}.ruler.storage.azure.account_name"),
    },
}


@pytest.fixture(scope="module")
def story_findings() -> dict[str, set[tuple[str, str]]]:
    findings = check(read_documents(FILES, PROMISE), datetime(2026, 11, 23, tzinfo=UTC))
    return {
        file.name: {(f.cls.name, f.subject.path) for f in findings if f.evidence["file"] == str(file)} for file in FILES
    }


@pytest.mark.parametrize("file", DEFECTS)
def test_story_file_has_exactly_the_expected_findings(
    file: str, story_findings: dict[str, set[tuple[str, str]]]
) -> None:
    assert story_findings[file] == DEFECTS[file]


def test_expected_findings_name_every_story_file() -> None:
    assert {file.name for file in FILES} == DEFECTS.keys()
