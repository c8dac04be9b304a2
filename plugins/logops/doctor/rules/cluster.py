"""Rules for the processes of Loki: replicas, volumes, folders and the hash ring."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Cluster, Deployment
from logops.doctor.quantities import number
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes

_FOLDER_KEYS = (
    "compactor.working_directory",
    "ruler.rule_path",
    "storage_config.boltdb_shipper.active_index_directory",
    "storage_config.boltdb_shipper.cache_location",
    "storage_config.tsdb_shipper.active_index_directory",
    "storage_config.tsdb_shipper.cache_location",
)
"""Keys of the folders that Loki creates and writes to, without the folder of the write-ahead log."""

_SHIPPERS = {"tsdb": "tsdb_shipper", "boltdb-shipper": "boltdb_shipper"}
_RING = "ingester.lifecycler.ring"
_WAL = "ingester.wal.dir"


def replication_above_ingesters(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a replication factor that is above the number of ingesters."""
    for cluster in deployment.clusters:
        ingesters = cluster.replicas.get("ingester")
        factor = replication_factor(cluster)
        if ingesters is not None and factor > ingesters:
            location = cluster.at(_replication_factor_path(cluster))
            yield RuleFinding(
                classes.REPLICATION_ABOVE_INGESTERS,
                location,
                f"{location.path}: each line must be written to {factor:g} ingesters, but there are only {ingesters}",
                cluster=cluster.name,
                evidence={"replication_factor": factor, "ingesters": ingesters},
            )


def wal_not_persistent(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a write-ahead log that is disabled or not on a volume."""
    for cluster in deployment.clusters:
        folder = cluster.configured("ingester.wal.dir")
        if cluster.value("ingester.wal.enabled") is False:
            location = cluster.at("ingester.wal.enabled")
            message = f"{location.path} is false: the write-ahead log is disabled"
        elif cluster.ingester_volume is False:
            location = cluster.at("ingester.persistence")
            message = "the ingesters have no volume: the write-ahead log is lost with the pod"
        elif folder and _is_off_volume(cluster, folder):
            location = cluster.at("ingester.wal.dir")
            message = f"the write-ahead log is in {folder}, outside of the volume, which is mounted at {cluster.volume}"
        else:
            continue
        yield RuleFinding(classes.WAL_NOT_PERSISTENT, location, message, cluster=cluster.name)


def directory_off_volume(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report folders other than the write-ahead log's that are outside of the volume."""
    for cluster in deployment.clusters:
        for path in _FOLDER_KEYS:
            folder = cluster.configured(path)
            if folder and _is_off_volume(cluster, folder):
                location = cluster.at(path)
                message = f"{location.path} is {folder}, but the volume is mounted at {cluster.volume}"
                yield RuleFinding(classes.DIRECTORY_OFF_VOLUME, location, message, cluster=cluster.name)


def directory_unset(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report index folders that Loki requires and that are not set.

    Source: validateDirectoriesExist in pkg/loki/validation.go.
    """
    for cluster in deployment.clusters:
        for store, path in _unset_folders(cluster):
            location = cluster.at(path)
            message = f"the schema uses {store}, but neither {location.path} nor common.path_prefix is set"
            yield RuleFinding(classes.DIRECTORY_UNSET, location, message, cluster=cluster.name)


def directory_relative(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report folders that are relative to the folder in which Loki was started, such as the default of the WAL.

    Loki puts a folder with a default below common.path_prefix (applyPathPrefixDefaults in pkg/loki/config_wrapper.go).
    """
    for cluster in deployment.clusters:
        if not cluster.periods():
            continue
        prefix = cluster.value("common.path_prefix")
        if _is_relative(prefix):
            yield _relative(cluster, "common.path_prefix", str(prefix))
            continue
        paths = [path for path in (_WAL, *_FOLDER_KEYS) if _is_relative(cluster.configured(path))]
        # Where the index folders are unset too, the missing common.path_prefix is reported there.
        wal_default = not prefix and not cluster.configured(_WAL) and not list(_unset_folders(cluster))
        for path in (*paths, *[_WAL] * wal_default):
            if path != _WAL or cluster.value("ingester.wal.enabled") is not False:
                yield _relative(cluster, path, str(cluster.configured(path) or "wal"))


def ring_unreachable(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a ring store that only one process can reach.

    Loki uses common.ring if it is set, else memberlist if join_members is set, else the ingester's ring
    (applyDynamicRingConfigs in pkg/loki/config_wrapper.go).
    """
    for cluster in deployment.clusters:
        # A configuration without a schema is an excerpt: Loki does not start with it. Its ring may be in another file.
        if not cluster.periods():
            continue
        path = "common.ring.kvstore" if cluster.section("common.ring.kvstore") else f"{_RING}.kvstore"
        store = cluster.configured(f"{path}.store")
        joined = bool(cluster.value("memberlist.join_members"))
        if store is None and joined:
            continue
        store = store or cluster.value(f"{_RING}.kvstore.store")
        factor = replication_factor(cluster)
        problem = ""
        if store == "consul" and cluster.configured(f"{path}.consul.host") in (None, "", "localhost:8500"):
            problem = "the store of the hash ring is Consul on localhost:8500, Loki's default"
        elif store == "memberlist" and not joined and factor > 1:
            problem = "the store of the hash ring is memberlist without join_members: no process knows the others"
        elif store == "inmemory" and factor > 1:
            problem = "the store of the hash ring is inmemory: no process knows the others"
        if problem:
            evidence = {"replication_factor": factor}
            yield RuleFinding(
                classes.RING_UNREACHABLE, cluster.at(path), problem, cluster=cluster.name, evidence=evidence
            )


def query_queue_bypassed(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a downstream URL: Loki then ignores the scheduler.

    Source: InitFrontend in pkg/lokifrontend/frontend/config.go.
    """
    for cluster in deployment.clusters:
        if url := cluster.configured("frontend.downstream_url"):
            location = cluster.at("frontend.downstream_url")
            message = f"{location.path} is {url}: queries are sent there directly and bypass the query scheduler"
            yield RuleFinding(classes.QUERY_QUEUE_BYPASSED, location, message, cluster=cluster.name)


def replication_factor(cluster: Cluster) -> float:
    """Return to how many ingesters a line is written. The ingester's key takes precedence over common's."""
    return number(cluster.value(_replication_factor_path(cluster))) or 3


def _replication_factor_path(cluster: Cluster) -> str:
    ingester_path = f"{_RING}.replication_factor"
    return "common.replication_factor" if cluster.configured(ingester_path) is None else ingester_path


def _unset_folders(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Yield the store and the key of each index folder that the schema requires and that is not set."""
    if cluster.value("common.path_prefix"):
        return
    for store in sorted({str(period.get("store")) for _, period in cluster.periods()} & _SHIPPERS.keys()):
        for key in ("active_index_directory", "cache_location"):
            path = f"storage_config.{_SHIPPERS[store]}.{key}"
            if not cluster.configured(path):
                yield store, path


def _is_relative(folder: object) -> bool:
    return isinstance(folder, str) and bool(folder) and not folder.startswith(("/", "${"))


def _relative(cluster: Cluster, path: str, folder: str) -> RuleFinding:
    location = cluster.at(path)
    state = f"is {folder}, which" if cluster.configured(path) else f"is not set, and its default {folder}"
    message = f"{location.path} {state} is relative to the folder in which Loki is started"
    return RuleFinding(classes.DIRECTORY_RELATIVE, location, message, cluster=cluster.name)


def _is_off_volume(cluster: Cluster, folder: object) -> bool:
    if cluster.volume is None or "${" in str(folder):
        return False
    return not f"{str(folder).rstrip('/')}/".startswith(f"{cluster.volume.rstrip('/')}/")
