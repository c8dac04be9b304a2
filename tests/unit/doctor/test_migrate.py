"""Tests of the migrated text. The real Loki reads it in tests/integration."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from logops.doctor import DocumentError, migrate
from tests.unit.doctor.files import LOKI, NOW, OLD_PERIOD, PERIOD, changed, loki, promtail, values

STORY = Path(__file__).parents[2] / "data" / "story"
OLD = {"schema_config__configs": [OLD_PERIOD]}


def migrated(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(migrate(text, "file", NOW)))


def test_migrate_valid_configuration_changes_nothing() -> None:
    text = loki()

    assert migrate(text, "file", NOW).splitlines()[2:] == text.splitlines()


def test_migrate_twice_gives_the_same_result() -> None:
    once = migrated(loki(**OLD, compactor__shared_store="azure"))

    assert migrated(yaml.safe_dump(once)) == once


def test_migrate_keeps_comments_order_and_indentation() -> None:
    kept = (
        "# ours\nlimits_config:\n  retention_period: 744h  # 31 days\n  required_labels:\n  - app\nauth_enabled: true\n"
    )

    assert migrate(f"{kept}ruler:\n  gone: 1\n", "file", NOW).endswith(f"{kept}ruler: {{}}\n")


def test_old_schema_period_is_kept_and_new_period_starts_tomorrow() -> None:
    periods = migrated(loki(**OLD))["schema_config"]["configs"]

    assert periods == [OLD_PERIOD, {**PERIOD, "from": date(2026, 11, 24)}]


def test_new_schema_period_starts_after_a_future_old_period() -> None:
    coming = {**OLD_PERIOD, "from": date(2027, 1, 1)}

    assert migrated(loki(schema_config__configs=[coming]))["schema_config"]["configs"][1]["from"] == date(2027, 1, 2)


def test_structured_metadata_is_disabled_until_the_new_period() -> None:
    assert migrated(loki(**OLD))["limits_config"]["allow_structured_metadata"] is False
    assert "allow_structured_metadata" not in migrated(loki())["limits_config"]


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("compactor__shared_store", "compactor.delete_request_store", "azure"),
        ("compactor__deletion_mode", "limits_config.deletion_mode", "filter-only"),
        ("querier__query_timeout", "limits_config.query_timeout", "5m"),
        ("querier__engine__timeout", "limits_config.query_timeout", "5m"),
        ("query_range__split_queries_by_interval", "limits_config.split_queries_by_interval", "1h"),
        ("chunk_store_config__max_look_back_period", "limits_config.max_query_lookback", "90d"),
    ],
)
def test_value_of_removed_key_moves_to_its_replacement(old: str, new: str, value: str) -> None:
    result: Any = migrated(
        loki(**{"compactor__delete_request_store": None, "compactor__retention_enabled": False, old: value})
    )
    for key in new.split("."):
        result = result[key]

    assert result == value


def test_existing_value_of_replacement_key_is_kept() -> None:
    result = migrated(loki(querier__query_timeout="1m", limits_config__query_timeout="5m"))

    assert result["limits_config"]["query_timeout"] == "5m"


def test_fifocache_is_replaced_by_embedded_cache_of_the_same_size() -> None:
    fifo = {"max_size_items": 1024, "max_size_bytes": "1GB", "validity": "24h"}
    cache = migrated(loki(chunk_store_config__chunk_cache_config={"enable_fifocache": True, "fifocache": fifo}))

    assert cache["chunk_store_config"]["chunk_cache_config"] == {
        "embedded_cache": {"enabled": True, "max_size_items": 1024, "max_size_mb": 1024, "ttl": "24h"}
    }


def test_index_prefix_moves_to_the_periods_written_with_it() -> None:
    periods = migrated(loki(**OLD, storage_config__boltdb_shipper={"shared_store_key_prefix": "old/"}))["schema_config"]

    assert [period["index"]["path_prefix"] for period in periods["configs"]] == ["old/", "old/"]


def test_header_warns_of_index_in_another_store() -> None:
    text = migrate(loki(**OLD, storage_config__boltdb_shipper={"shared_store": "s3"}), "file", NOW)

    assert "BEFORE YOU START: the index of schema_config.configs[0] is stored in s3" in text


@pytest.mark.parametrize(("store", "named"), [("aws", "s3"), ("s3", "aws")])
def test_header_asks_for_no_copy_between_two_names_of_one_store(store: str, named: str) -> None:
    old = [{**OLD_PERIOD, "object_store": store}]
    text = migrate(
        loki(schema_config__configs=old, storage_config__boltdb_shipper={"shared_store": named}), "file", NOW
    )

    assert "BEFORE YOU START" not in text


def test_retention_of_the_table_manager_moves_to_the_compactor() -> None:
    table_manager = {"retention_deletes_enabled": True, "retention_period": "720h"}
    result = migrated(loki(table_manager=table_manager, compactor=None, limits_config=None))

    assert result["compactor"] == {"retention_enabled": True, "delete_request_store": "azure"}
    assert result["limits_config"] == {"retention_period": "720h"}
    assert "table_manager" not in result


def test_folder_key_of_another_section_is_renamed_with_its_value() -> None:
    result = migrated(loki(common__storage={"filesystem": {"directory": "/loki/chunks"}}))

    assert result["common"]["storage"]["filesystem"] == {"chunks_directory": "/loki/chunks"}


def test_relative_log_folder_is_set_next_to_the_folders_of_the_index() -> None:
    folders = {"active_index_directory": "/data/index", "cache_location": "/data/cache"}
    result = migrated(loki(**OLD, common=None, storage_config__boltdb_shipper=folders))

    assert result["ingester"]["wal"]["dir"] == "/data/wal"


def test_metric_aggregation_becomes_a_limit() -> None:
    result = migrated(loki(pattern_ingester={"enabled": True, "metric_aggregation": {"enabled": True}}))

    assert result["limits_config"]["metric_aggregation_enabled"] is True


def test_header_asks_for_a_schema_where_there_is_none() -> None:
    assert "- BEFORE YOU START: write schema_config.configs" in migrate(loki(schema_config=None), "file", NOW)


def test_unknown_key_is_listed_in_the_header_with_its_value() -> None:
    text = migrate((STORY / "security-logs.yaml").read_text(), "security-logs.yaml", NOW)

    assert "tenants removed: Loki does not know this key. Its value was [{" in text.partition("apiVersion")[0]
    assert '"retention_period": "2160h"' in text.partition("apiVersion")[0]


def test_new_index_folders_are_next_to_the_old_ones() -> None:
    result = migrated((STORY / "loki-values.yaml").read_text())["loki"]["storage_config"]["tsdb_shipper"]

    assert result == {"active_index_directory": "/loki/tsdb-index", "cache_location": "/loki/tsdb-cache"}


def test_migrate_helm_values_keeps_keys_outside_of_loki() -> None:
    before = yaml.safe_load((STORY / "loki-values.yaml").read_text())
    after = migrated((STORY / "loki-values.yaml").read_text())

    assert {k: v for k, v in after.items() if k != "loki"} == {k: v for k, v in before.items() if k != "loki"}


def test_migrate_helm_values_keeps_the_chart_names_of_sections() -> None:
    result = migrated(values(loki__schemaConfig__configs=[OLD_PERIOD]))["loki"]

    assert len(result["schemaConfig"]["configs"]) == 2
    assert "schema_config" not in result
    assert result["limits_config"]["allow_structured_metadata"] is False


def test_structured_config_is_migrated_in_its_section() -> None:
    result = migrated(values(loki__schemaConfig=None, loki__structuredConfig=changed(LOKI, **OLD)))["loki"]

    assert len(result["structuredConfig"]["schema_config"]["configs"]) == 2


@pytest.mark.parametrize("as_text", [True, False])
def test_complete_configuration_in_helm_values_is_migrated(as_text: bool) -> None:
    old_config = loki(**OLD) if as_text else changed(LOKI, **OLD)
    result = migrated(yaml.safe_dump({"loki": {"config": old_config}}))["loki"]["config"]
    config = yaml.safe_load(result) if as_text else result

    assert len(config["schema_config"]["configs"]) == 2


@pytest.mark.parametrize("text", [promtail(), "- a", "a: 1"])
def test_migrate_file_without_loki_configuration_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="contains no Loki configuration"):
        migrate(text, "file", NOW)


def test_migrate_invalid_yaml_is_refused() -> None:
    with pytest.raises(DocumentError, match="not readable"):
        migrate("a: [", "file", NOW)


def test_migrate_handles_every_document_of_a_file() -> None:
    out = list(yaml.safe_load_all(migrate(f"{loki(**OLD)}---\n{promtail()}", "file", NOW)))

    assert len(out[0]["schema_config"]["configs"]) == 2
    assert out[1] == yaml.safe_load(promtail())


def test_migrate_keeps_chart_settings_in_switch_sections() -> None:
    interface = {"enabled": True, "gateway": {"enabled": True}}

    assert migrated(values(loki__ui=interface))["loki"]["ui"] == interface
