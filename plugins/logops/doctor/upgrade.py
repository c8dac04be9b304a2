"""Upgrade a Loki configuration of an earlier version, in place, so that Loki 3.7 starts with it.

Settings that Loki still has are kept. Stored data stays readable: existing schema periods are never changed, a new
period is added that starts on a future day.
"""

import json
from collections.abc import Iterator, MutableMapping
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from logops.doctor.helm_chart import SWITCH_SECTIONS
from logops.doctor.keys.known import MEANT_KEYS, Path, dotted, known_keys, unknown_paths
from logops.doctor.keys.retired import find_removed
from logops.doctor.quantities import limit_duration, size
from logops.doctor.rules.schema import WHOLE, start_of
from logops.doctor.untyped import as_list, as_mapping

Config = MutableMapping[str, Any]

_RENAMED = {
    "compactor.shared_store": "compactor.delete_request_store",
    "compactor.shared_store_key_prefix": "compactor.delete_request_store_key_prefix",
    "compactor.deletion_mode": "limits_config.deletion_mode",
    "querier.query_timeout": "limits_config.query_timeout",
    "querier.engine.timeout": "limits_config.query_timeout",
    "query_range.split_queries_by_interval": "limits_config.split_queries_by_interval",
    "chunk_store_config.max_look_back_period": "limits_config.max_query_lookback",
    "pattern_ingester.metric_aggregation.enabled": "limits_config.metric_aggregation_enabled",
    "pattern_ingester.metric_aggregation.downsample_period": "pattern_ingester.metric_aggregation.sample_period",
    **{path: f"{path.rpartition('.')[0]}.{meant}" for path, meant in MEANT_KEYS.items()},
}
"""Removed or misplaced key -> the key that has the same meaning now."""

_CACHE_RENAMED = {
    "async_cache_write_back_concurrency": "writeback_goroutines",
    "async_cache_write_back_buffer_size": "writeback_buffer",
}
_STORE_NAMES = {"aws": "s3"}
"""The second name of a store -> its first (internalNewObjectClient in pkg/storage/factory.go)."""
_SHIPPERS = {"boltdb_shipper": "boltdb-shipper", "tsdb_shipper": "tsdb"}
_MIB = 2**20


def upgrade(config: Config, as_of: datetime, *, in_chart: bool = False) -> list[str]:
    """Change a configuration in place and return one line for each change.

    Only keys that Loki refuses or requires are changed. If the newest schema period is not tsdb with v13, a period is
    added that starts on the day after `as_of`.

    in_chart   the sections are among the keys of a Helm chart: its keys are not changed, and it sets
               common.path_prefix
    """
    sections = known_keys("loki").keys() - SWITCH_SECTIONS if in_chart else config.keys()
    loki = {key: value for key, value in config.items() if key in sections}
    return [
        *_keep_index_prefixes(config),
        *_retire(config, [path for path, _ in unknown_paths(loki, known_keys("loki"))]),
        *_add_period(config, as_of),
        *_move_table_manager(config),
        *_set_delete_store(config),
        *_set_folders(config, in_chart),
        *_disable_structured_metadata(config, as_of),
        *(() if in_chart else _ask_for_schema(config)),
    ]


def _ask_for_schema(config: Config) -> Iterator[str]:
    """Say that a period is missing: nobody else knows since when, and where, logs are stored."""
    if config.keys() & WHOLE and not _periods(config):
        yield "BEFORE YOU START: write schema_config.configs with one period. Without a schema Loki stops with a panic"


def _retire(config: Config, paths: list[Path]) -> Iterator[str]:
    """Move or remove the keys that Loki does not know."""
    for path in paths:
        parent, key = _value_at(config, path[:-1]), str(path[-1])
        if key not in parent:
            continue
        name = dotted(path)
        if name in _RENAMED:
            target = _RENAMED[name]
            section, new = _section(config, target.rpartition(".")[0]), target.rpartition(".")[2]
            value = parent.pop(key)
            section.setdefault(new, value)
            yield f"{name} renamed to {target}: {section[new]}"
        elif key == "fifocache":
            parent["embedded_cache"] = _embedded_cache(parent.pop(key), parent.pop("enable_fifocache", True))
            yield f"{name} and enable_fifocache replaced by embedded_cache"
        elif key in _CACHE_RENAMED:
            parent.setdefault("background", {})[_CACHE_RENAMED[key]] = parent.pop(key)
            yield f"{name} renamed to background.{_CACHE_RENAMED[key]}"
        elif key == "enable_fifocache" and "fifocache" in parent:
            continue
        else:
            value = parent.pop(key)
            retired = find_removed(name)
            yield (
                f"{name} removed. {retired.advice}"
                if retired
                else f"{name} removed: Loki does not know this key. {_former_value(value)}"
            )


def _embedded_cache(old: Any, enabled: Any) -> Config:
    fifo = old if isinstance(old, MutableMapping) else {}
    new: Config = {"enabled": enabled}
    if "max_size_items" in fifo:
        new["max_size_items"] = fifo["max_size_items"]
    limit = size(fifo.get("max_size_bytes"))
    if limit:
        new["max_size_mb"] = max(1, limit // _MIB)
    ttl = fifo.get("ttl", fifo.get("validity"))
    if ttl is not None:
        new["ttl"] = ttl
    return new


def _keep_index_prefixes(config: Config) -> Iterator[str]:
    """Copy a shipper's key prefix into the periods that were written with it."""
    for shipper, store in _SHIPPERS.items():
        settings = _section(config, f"storage_config.{shipper}", make=False)
        prefix, shared = settings.get("shared_store_key_prefix"), settings.get("shared_store")
        for number, period in enumerate(_periods(config)):
            if period.get("store") != store:
                continue
            index = period.get("index")
            if prefix and isinstance(index, MutableMapping) and "path_prefix" not in index:
                index["path_prefix"] = prefix
                yield f"schema_config.configs[{number}].index.path_prefix set to {prefix}, from {shipper}"
            if shared and _store(shared) != _store(period.get("object_store")):
                yield (
                    f"BEFORE YOU START: the index of schema_config.configs[{number}] is stored in {shared}, but"
                    f" Loki 3 reads it from {period.get('object_store')}. Copy it there first"
                )


def _store(name: Any) -> str:
    return _STORE_NAMES.get(str(name), str(name))


def _move_table_manager(config: Config) -> Iterator[str]:
    """Let the compactor delete what the table manager was to delete, which Loki 3 does not run."""
    old = _section(config, "table_manager", make=False)
    period = old.get("retention_period")
    if old.get("retention_deletes_enabled") is not True or not limit_duration(period):
        return
    for key in ("retention_deletes_enabled", "retention_period"):
        del old[key]
    if not old:
        del config["table_manager"]
    limits, compactor = _section(config, "limits_config"), _section(config, "compactor")
    limits.setdefault("retention_period", period)
    compactor["retention_enabled"] = True
    yield (
        f"table_manager.retention_period moved to limits_config.retention_period: {limits['retention_period']};"
        " compactor.retention_enabled set to true. Loki 3 runs no table manager. BEFORE YOU START: logs that are older"
        " are deleted from the first compaction on"
    )


def _add_period(config: Config, as_of: datetime) -> Iterator[str]:
    periods = _periods(config)
    newest = periods[-1] if periods else None
    if newest is None or (newest.get("store") == "tsdb" and str(newest.get("schema")) >= "v13"):
        return
    start = max(as_of.date(), start_of(newest) or as_of.date()) + timedelta(days=1)
    index = {**as_mapping(newest.get("index")), "period": "24h"}
    store = newest.get("object_store")
    period = {"from": start, "store": "tsdb", "object_store": store, "schema": "v13", "index": index}
    config["schema_config"]["configs"].append(period)
    yield f"schema_config.configs[{len(periods)}] added: tsdb with v13 from {start} on. Deploy it before that day (UTC)"


def _set_delete_store(config: Config) -> Iterator[str]:
    compactor, periods = _section(config, "compactor", make=False), _periods(config)
    if compactor.get("retention_enabled") is True and not compactor.get("delete_request_store") and periods:
        compactor["delete_request_store"] = periods[-1].get("object_store")
        yield f"compactor.delete_request_store set to {compactor['delete_request_store']}: retention requires it"


def _set_folders(config: Config, in_chart: bool) -> Iterator[str]:
    """Set the folders that Loki requires: next to those of the earlier index, or below common.path_prefix."""
    if _section(config, "common", make=False).get("path_prefix"):
        return
    stores = {str(period.get("store")) for period in _periods(config)}
    old = dict(_section(config, "storage_config.boltdb_shipper", make=False))
    folders = ("active_index_directory", "cache_location")
    if not all(old.get(folder) for folder in folders):
        if not in_chart and stores & set(_SHIPPERS.values()):
            _section(config, "common")["path_prefix"] = "/loki"
            yield "common.path_prefix set to /loki: Loki creates its folders below it. Mount a volume there"
    elif "tsdb" in stores:
        new = _section(config, "storage_config.tsdb_shipper")
        for folder in folders:
            if not new.get(folder):
                path = PurePosixPath(str(old[folder]))
                new[folder] = str(path.with_name(f"tsdb-{path.name}"))
                yield f"storage_config.tsdb_shipper.{folder} set to {new[folder]}, next to the earlier index"
    wal = _section(config, "ingester.wal", make=False)
    if not in_chart and all(old.get(folder) for folder in folders) and not wal.get("dir") and wal.get("enabled", True):
        folder = str(PurePosixPath(str(old["active_index_directory"])).with_name("wal"))
        _section(config, "ingester.wal")["dir"] = folder
        yield f"ingester.wal.dir set to {folder}: its default is relative, and Loki's image may not create it"


def _disable_structured_metadata(config: Config, as_of: datetime) -> Iterator[str]:
    """Disable structured metadata while the active schema period does not support it: Loki would not start."""
    periods = _periods(config)
    begun = [period for period in periods if (start := start_of(period)) and start <= as_of.date()] or periods[:1]
    active = begun[-1] if begun else {}
    limits = _section(config, "limits_config", make=False)
    if not active or limits.get("allow_structured_metadata") is False:
        return
    if active.get("store") != "tsdb" or str(active.get("schema")) < "v13":
        _section(config, "limits_config")["allow_structured_metadata"] = False
        start = start_of(periods[-1])
        yield f"limits_config.allow_structured_metadata set to false. Remove it when the period of {start} has begun"


def _periods(config: Config) -> list[Config]:
    configs = _section(config, "schema_config", make=False).get("configs")
    return [period for period in as_list(configs) if isinstance(period, MutableMapping)]


def _section(config: Config, path: str, *, make: bool = True) -> Config:
    section: Config = config
    for key in path.split("."):
        inner = section.get(key)
        if not isinstance(inner, MutableMapping):
            inner = {}
            if make:
                section[key] = inner
                inner = section[key]
        section = inner
    return section


def _value_at(config: Any, path: Path) -> Config:
    for step in path:
        config = config[step]
    mapping: Config = config
    return mapping


def _former_value(value: Any) -> str:
    return f"Its value was {json.dumps(value, default=str)}"
