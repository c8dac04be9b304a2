"""List what Loki 4 removes, renames or reads differently.

Sources: docs/sources/setup/upgrade and tools/deprecated-config-checker on Loki's main branch of August 2026, and the
changes of 4.0.0-rc.2. `*` matches any path above.
"""

import re

from logops.doctor.keys.retired import DEPRECATED, OLD_INDEX_STORES, RetiredKey, matching

_OLD_INDEX = RetiredKey("It belongs to an index that Loki 4 no longer has.")

REMOVED_IN_4: dict[str, RetiredKey] = {
    **DEPRECATED,
    "table_manager": RetiredKey("Nothing needs it: the compactor deletes."),
    "storage_config.boltdb_shipper": _OLD_INDEX,
    "storage_config.index_queries_cache_config": _OLD_INDEX,
    "storage_config.index_cache_validity": _OLD_INDEX,
    "storage_config.disable_broad_index_queries": _OLD_INDEX,
    "chunk_store_config.write_dedupe_cache_config": _OLD_INDEX,
    "chunk_store_config.cache_lookups_older_than": _OLD_INDEX,
    "schema_config.configs.chunks": _OLD_INDEX,
    "schema_config.configs.row_shards": RetiredKey("Loki computes the shards from the index."),
    "schema_config.configs.index.tags": _OLD_INDEX,
    "limits_config.enable_multi_variant_queries": RetiredKey("LogQL has no variants() any more."),
    "limits_config.ruler_enable_wal_replay": RetiredKey("The ruler begins with an empty write-ahead log."),
}

INDEX_STORES = frozenset({"boltdb", "boltdb-shipper", *OLD_INDEX_STORES})
"""Values of a period's `store` that Loki 4 cannot read, also in a period of the past."""

TARGETS = frozenset({"read", "write", "backend", "table-manager"})
"""Targets that Loki 4 does not have. The first three were the mode Simple Scalable."""

LEGACY_CLIENTS = frozenset({"alibabacloud", "aws", "azure", "bos", "cos", "filesystem", "gcs", "s3", "swift"})
"""Blocks of `storage_config` and of `common.storage` for the object stores' clients of Loki 3."""

EXPRESSIONS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"\bvariants\s*\("), "variants() was removed from LogQL", "Write one query for each variant."),
    (
        re.compile(r"\bloki_boltdb_shipper_\w+"),
        "was renamed: it begins with loki_tsdb_shipper_",
        "Until all clusters run Loki 4, write both names, joined by `or`.",
    ),
    (re.compile(r"\bloki_log_messages_total\b"), "was removed", "Write loki_internal_log_messages_total instead."),
    (re.compile(r"\bloki_log_flushes\w*"), "was renamed", "Write loki_internal_log_flushes instead."),
    (
        re.compile(r"\bloki_ruler_wal_(?:corruptions\w*_total|replay_duration)\w*"),
        "was removed: the ruler replays nothing",
        "Remove the expression.",
    ),
    (
        re.compile(r"\btruncated\b.*loki_mutated_|loki_mutated_.*\btruncated\b", re.DOTALL),
        "the label truncated of loki_mutated_* was renamed",
        "Write the label tenant instead.",
    ),
)
"""Pattern, what becomes of the text that it matches, and what to do. If both names are there, nothing breaks."""


def find_removed_in_4(path: str) -> RetiredKey | None:
    """Return the entry of a key that Loki 4 removes, by dotted path; None if it keeps the key."""
    return matching(path, REMOVED_IN_4)
