"""What a cluster's chunks are judged by: what Loki holds where it could be asked, else what is declared."""

from collections.abc import Mapping
from dataclasses import dataclass

from logops.audit.asked import Asked
from logops.audit.deletes import DeleteRange, ranges
from logops.audit.live import Live
from logops.audit.retention import TenantRules, Tiering, Windows, declared_rules, default_rules, tiering, windows
from logops.environment import Environment


@dataclass(frozen=True)
class Terms:
    """Of a cluster, at one moment."""

    rules: Mapping[str, TenantRules]
    """By tenant."""
    default: TenantRules
    """For a tenant that the environment does not declare."""
    tiering: Mapping[str, Tiering]
    deletes: Mapping[str, tuple[DeleteRange, ...]]
    windows: Windows
    markers: bool
    """Whether the sweeper says that it still has chunks to delete."""


def terms_of(environment: Environment, cluster: str, live: Live, asked: Asked) -> Terms:
    """The terms that an audit judges a cluster by."""
    own = environment.clusters[cluster]
    overridden = {name: value for name in ("grace", "slack") if (value := getattr(asked, name)) is not None}
    times = windows(own, environment.audit.model_copy(update=overridden))
    return Terms(
        rules={**declared_rules(own), **live.limits},
        default=default_rules(own),
        tiering=tiering(own),
        deletes={tenant: ranges(requests, own, times) for tenant, requests in live.deletes.items()},
        windows=times,
        markers=any(one.marker_files for one in live.compactors),
    )
