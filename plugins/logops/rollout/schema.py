"""The schema periods of a cluster before and after a plan. Pure.

Loki writes and reads the index of a day in the format of the period of that day. So a period of the past must never
change, and a new one must begin in the future (Loki's documentation, "Upgrade", schema_config).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import yaml

from logops.findings.classes.rollout import SCHEMA_PERIOD_CHANGED
from logops.platforms.preview import Mark
from logops.rollout.promises import clusters_in


@dataclass(frozen=True)
class NewPeriod:
    """A schema period that a plan adds."""

    cluster: str
    begins: date
    text: str
    """Store, schema and prefix: `tsdb v13, prefix index_`."""


def new_periods(live: Mapping[str, str], desired: Mapping[str, str], as_of: datetime) -> Iterator[NewPeriod]:
    """Yield the periods that a plan adds to running clusters, and that begin in the future."""
    for cluster in clusters_in(live):
        before, after = (_periods(files, cluster) for files in (live, desired))
        for begins in sorted(after.keys() - before.keys()):
            if before and begins > _today(as_of):
                yield NewPeriod(cluster, begins, _text(after[begins]))


def schema_marks(live: Mapping[str, str], desired: Mapping[str, str], as_of: datetime) -> Iterator[Mark]:
    """Yield the changes of periods that have begun."""
    today = _today(as_of)
    for cluster in clusters_in(live):
        before, after = (_periods(files, cluster) for files in (live, desired))
        if not before or not after:
            continue
        for begins in sorted({*before, *after}):
            old, new = before.get(begins), after.get(begins)
            if old == new or begins > today:
                continue
            if old is None:
                message = (
                    f"{cluster}: the new schema period of {begins} begins today or earlier. Lines that are stored "
                    "since then are not found any more."
                )
            else:
                message = (
                    f"{cluster}: the schema period of {begins} has begun and would change: {_text(old)} -> "
                    f"{_text(new) if new else 'removed'}. Lines of this period are not found any more."
                )
            yield Mark(SCHEMA_PERIOD_CHANGED, f"cluster {cluster}", message, "until accepted")


def _today(as_of: datetime) -> date:
    return as_of.astimezone(UTC).date()


def _periods(files: Mapping[str, str], cluster: str) -> dict[date, Mapping[str, Any]]:
    """Return the periods by their first day; none if the file cannot be read."""
    try:
        config = yaml.safe_load(files.get(f"loki/{cluster}.yaml", ""))
        return {
            date.fromisoformat(str(period["from"])): {key: value for key, value in period.items() if key != "from"}
            for period in config["schema_config"]["configs"]
        }
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError):
        return {}


def _text(period: Mapping[str, Any]) -> str:
    index = period.get("index")
    prefix = index.get("prefix", "") if isinstance(index, Mapping) else ""
    return f"{period.get('store')} {period.get('schema')}, {period.get('object_store')}, prefix {prefix}"
