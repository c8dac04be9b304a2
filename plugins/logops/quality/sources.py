"""The sources of an environment as groups that one query can count. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logops.environment import Environment
from logops.environment.sources import Source
from logops.logql.build import Lines, Wanted, like, literal, stream

ADDED_BY_LOKI = ("service_name", "detected_level")
"""Labels that Loki adds to a stream (limits_config.discover_service_name, discover_log_levels)."""


@dataclass(frozen=True)
class SourceGroup:
    """Sources of one tenant whose fixed labels have the same names. One query counts them all."""

    cluster: str
    tenant: str
    label_names: tuple[str, ...]
    sources: Mapping[str, Source]

    def lines(self) -> Lines:
        """Return the query for the lines of all sources. It may match other streams too: `source_of` tells."""
        return stream({name: self._values(name) for name in self.label_names})

    def source_of(self, labels: Mapping[str, str]) -> str | None:
        """Return the source whose fixed labels these are; None: another stream."""
        return next(
            (
                name
                for name, source in self.sources.items()
                if all(labels.get(label) == value for label, value in source.labels.items())
            ),
            None,
        )

    def part(self, names: Sequence[str]) -> "SourceGroup":
        """Return the group with some of its sources."""
        return SourceGroup(self.cluster, self.tenant, self.label_names, {name: self.sources[name] for name in names})

    def _values(self, label: str) -> str | Wanted:
        values = sorted({source.labels[label] for source in self.sources.values()})
        return values[0] if len(values) == 1 else like("|".join(map(literal, values)))


def source_groups(environment: Environment) -> list[SourceGroup]:
    """Return every source with fixed labels, in as few groups as possible."""
    groups: dict[tuple[str, str, tuple[str, ...]], dict[str, Source]] = {}
    for name, source in environment.sources.items():
        if source.labels:
            key = (source.cluster, source.tenant, tuple(sorted(source.labels)))
            groups.setdefault(key, {})[name] = source
    return [SourceGroup(*key, sources) for key, sources in groups.items()]


def unlabelled(environment: Environment) -> Iterator[str]:
    """Yield the sources without fixed labels. No query can tell their lines from other lines."""
    return (name for name, source in environment.sources.items() if not source.labels)


def shows_lines(environment: Environment, cluster: str) -> bool:
    """Whether lines of a cluster may be shown. Results are read by people who may not read a security cluster."""
    return environment.clusters[cluster].data != "security"


def checked_format(source: Source) -> str:
    """Return the format that every line of a source must have: json, logfmt, regex or none."""
    declared = source.expect.format or source.parse.format
    return declared if declared in ("json", "logfmt", "regex") else "none"


def required_labels(source: Source) -> set[str]:
    """Return the labels that every stream of a source must have."""
    if source.expect.required_labels is not None:
        return set(source.expect.required_labels)
    return {*source.labels, *source.parse.labels}


def allowed_labels(source: Source) -> set[str] | None:
    """Return the labels that a stream of a source may have; None: any label."""
    if source.expect.allowed_labels is None:
        return None
    return {*source.expect.allowed_labels, *required_labels(source), *source.varying_labels, *ADDED_BY_LOKI}
