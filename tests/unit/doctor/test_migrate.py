"""The migrated text, without the real Loki (which reads it in tests/integration)."""

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


def test_what_loki_starts_with_is_left_alone() -> None:
    text = loki()

    assert migrate(text, "file", NOW).splitlines()[2:] == text.splitlines()


def test_migrating_twice_changes_nothing_more() -> None:
    once = migrated(loki(**OLD, compactor__shared_store="azure"))

    assert migrated(yaml.safe_dump(once)) == once


def test_comments_order_and_indentation_are_kept() -> None:
    kept = (
        "# ours\nlimits_config:\n  retention_period: 744h  # 31 days\n  required_labels:\n  - app\nauth_enabled: true\n"
    )

    assert migrate(f"{kept}ruler:\n  gone: 1\n", "file", NOW).endswith(f"{kept}ruler: {{}}\n")


def test_a_period_is_added_from_tomorrow_and_the_old_one_stays() -> None:
    periods = migrated(loki(**OLD))["schema_config"]["configs"]

    assert periods == [OLD_PERIOD, {**PERIOD, "from": date(2026, 11, 24)}]


def test_a_period_is_added_after_one_that_has_not_begun() -> None:
    coming = {**OLD_PERIOD, "from": date(2027, 1, 1)}

    assert migrated(loki(schema_config__configs=[coming]))["schema_config"]["configs"][1]["from"] == date(2027, 1, 2)


def test_structured_metadata_waits_for_its_period() -> None:
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
def test_a_value_goes_to_the_key_that_took_over(old: str, new: str, value: str) -> None:
    result: Any = migrated(
        loki(**{"compactor__delete_request_store": None, "compactor__retention_enabled": False, old: value})
    )
    for key in new.split("."):
        result = result[key]

    assert result == value


def test_a_value_that_is_set_already_wins() -> None:
    result = migrated(loki(querier__query_timeout="1m", limits_config__query_timeout="5m"))

    assert result["limits_config"]["query_timeout"] == "5m"


def test_a_fifocache_becomes_an_embedded_cache_of_its_size() -> None:
    fifo = {"max_size_items": 1024, "max_size_bytes": "1GB", "validity": "24h"}
    cache = migrated(loki(chunk_store_config__chunk_cache_config={"enable_fifocache": True, "fifocache": fifo}))

    assert cache["chunk_store_config"]["chunk_cache_config"] == {
        "embedded_cache": {"enabled": True, "max_size_items": 1024, "max_size_mb": 1024, "ttl": "24h"}
    }


def test_an_index_prefix_goes_to_the_periods_written_with_it() -> None:
    periods = migrated(loki(**OLD, storage_config__boltdb_shipper={"shared_store_key_prefix": "old/"}))["schema_config"]

    assert [period["index"]["path_prefix"] for period in periods["configs"]] == ["old/", "old/"]


def test_an_index_in_another_store_is_a_warning_in_the_header() -> None:
    text = migrate(loki(**OLD, storage_config__boltdb_shipper={"shared_store": "s3"}), "file", NOW)

    assert "BEFORE YOU START: the index of schema_config.configs[0] lies in s3" in text


def test_a_key_that_loki_never_knew_goes_to_the_header_with_its_value() -> None:
    text = migrate((STORY / "security-logs.yaml").read_text(), "security-logs.yaml", NOW)

    assert "tenants removed: Loki knows no such key. It was: [{" in text.partition("apiVersion")[0]
    assert '"retention_period": "2160h"' in text.partition("apiVersion")[0]


def test_the_index_folders_are_beside_the_earlier_ones() -> None:
    result = migrated((STORY / "loki-values.yaml").read_text())["loki"]["storage_config"]["tsdb_shipper"]

    assert result == {"active_index_directory": "/loki/tsdb-index", "cache_location": "/loki/tsdb-cache"}


def test_helm_values_keep_everything_around_the_configuration() -> None:
    before = yaml.safe_load((STORY / "loki-values.yaml").read_text())
    after = migrated((STORY / "loki-values.yaml").read_text())

    assert {k: v for k, v in after.items() if k != "loki"} == {k: v for k, v in before.items() if k != "loki"}


def test_sections_under_the_chart_s_names_keep_them() -> None:
    result = migrated(values(loki__schemaConfig__configs=[OLD_PERIOD]))["loki"]

    assert len(result["schemaConfig"]["configs"]) == 2
    assert "schema_config" not in result
    assert result["limits_config"]["allow_structured_metadata"] is False


def test_a_configuration_in_structured_config_is_migrated_there() -> None:
    result = migrated(values(loki__schemaConfig=None, loki__structuredConfig=changed(LOKI, **OLD)))["loki"]

    assert len(result["structuredConfig"]["schema_config"]["configs"]) == 2


@pytest.mark.parametrize("as_text", [True, False])
def test_a_whole_configuration_in_the_values_is_migrated_there(as_text: bool) -> None:
    whole = loki(**OLD) if as_text else changed(LOKI, **OLD)
    result = migrated(yaml.safe_dump({"loki": {"config": whole}}))["loki"]["config"]
    config = yaml.safe_load(result) if as_text else result

    assert len(config["schema_config"]["configs"]) == 2


@pytest.mark.parametrize("text", [promtail(), "- a", "a: 1"])
def test_a_file_without_loki_s_configuration_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="holds no Loki configuration"):
        migrate(text, "file", NOW)


def test_a_text_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(DocumentError, match="not readable"):
        migrate("a: [", "file", NOW)


def test_each_of_several_documents_is_migrated() -> None:
    out = list(yaml.safe_load_all(migrate(f"{loki(**OLD)}---\n{promtail()}", "file", NOW)))

    assert len(out[0]["schema_config"]["configs"]) == 2
    assert out[1] == yaml.safe_load(promtail())


def test_what_is_the_chart_s_own_under_a_section_of_loki_stays() -> None:
    interface = {"enabled": True, "gateway": {"enabled": True}}

    assert migrated(values(loki__ui=interface))["loki"]["ui"] == interface
