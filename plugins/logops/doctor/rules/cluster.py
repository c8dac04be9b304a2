"""What runs Loki: replicas, volumes, folders and the ring."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Cluster, Deployment
from logops.doctor.quantities import number
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes

_FOLDERS = (
    "compactor.working_directory",
    "ruler.rule_path",
    "storage_config.boltdb_shipper.active_index_directory",
    "storage_config.boltdb_shipper.cache_location",
    "storage_config.tsdb_shipper.active_index_directory",
    "storage_config.tsdb_shipper.cache_location",
)
"""Folders that Loki makes and writes to, besides the WAL's."""

_SHIPPERS = {"tsdb": "tsdb_shipper", "boltdb-shipper": "boltdb_shipper"}
_RING = "ingester.lifecycler.ring"


def replication_above_ingesters(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Fewer ingesters than copies of a line."""
    for cluster in deployment.clusters:
        ingesters = cluster.replicas.get("ingester")
        factor = replication_factor(cluster)
        if ingesters is not None and factor > ingesters:
            location = cluster.at(_factor_path(cluster))
            yield RuleFinding(
                classes.REPLICATION_ABOVE_INGESTERS,
                location,
                f"every line is to be written to {factor:g} ingesters ({location.path}), and there are {ingesters}",
                cluster=cluster.name,
                evidence={"replication_factor": factor, "ingesters": ingesters},
            )


def wal_not_persistent(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """No WAL, no volume under it, or a folder beside the volume."""
    for cluster in deployment.clusters:
        folder = cluster.written("ingester.wal.dir")
        if cluster.value("ingester.wal.enabled") is False:
            location, what = cluster.at("ingester.wal.enabled"), "the write-ahead log is switched off"
        elif cluster.ingester_volume is False:
            location = cluster.at("ingester.persistence")
            what = "the ingesters have no volume: the write-ahead log is lost with the pod"
        elif folder and _off_volume(cluster, folder):
            location = cluster.at("ingester.wal.dir")
            what = f"the write-ahead log in {folder} lies beside the volume, which is mounted at {cluster.volume}"
        else:
            continue
        yield RuleFinding(classes.WAL_NOT_PERSISTENT, location, what, cluster=cluster.name)


def directory_off_volume(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Other folders beside the volume."""
    for cluster in deployment.clusters:
        for path in _FOLDERS:
            folder = cluster.written(path)
            if folder and _off_volume(cluster, folder):
                location = cluster.at(path)
                message = f"{location.path} is {folder}; the volume is mounted at {cluster.volume}"
                yield RuleFinding(classes.DIRECTORY_OFF_VOLUME, location, message, cluster=cluster.name)


def directory_unset(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Index folders that Loki asks for (pkg/loki/validation.go, validateDirectoriesExist)."""
    for cluster in deployment.clusters:
        if cluster.value("common.path_prefix"):
            continue
        for store in sorted({str(period.get("store")) for _, period in cluster.periods()} & _SHIPPERS.keys()):
            for key in ("active_index_directory", "cache_location"):
                path = f"storage_config.{_SHIPPERS[store]}.{key}"
                if not cluster.written(path):
                    location = cluster.at(path)
                    message = f"the schema uses {store}, and neither {location.path} nor common.path_prefix is set"
                    yield RuleFinding(classes.DIRECTORY_UNSET, location, message, cluster=cluster.name)


def ring_unreachable(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """A ring's store that only one process can see.

    Loki takes common.ring, else memberlist where join_members is set, else the ingester's ring
    (pkg/loki/config_wrapper.go, applyDynamicRingConfigs).
    """
    for cluster in deployment.clusters:
        # Without a schema it is an excerpt: Loki does not start with it, and its ring may stand elsewhere.
        if not cluster.periods():
            continue
        path = "common.ring.kvstore" if cluster.section("common.ring.kvstore") else f"{_RING}.kvstore"
        store = cluster.written(f"{path}.store")
        joined = bool(cluster.value("memberlist.join_members"))
        if store is None and joined:
            continue
        store = store or cluster.value(f"{_RING}.kvstore.store")
        why = ""
        if store == "consul" and cluster.written(f"{path}.consul.host") in (None, "", "localhost:8500"):
            why = "the hash ring's store is Consul on localhost:8500, Loki's default"
        elif store == "memberlist" and not joined and replication_factor(cluster) > 1:
            why = "the hash ring's store is memberlist without join_members: every process is alone"
        elif store == "inmemory" and replication_factor(cluster) > 1:
            why = "the hash ring's store is inmemory: every process is alone"
        if why:
            factor = replication_factor(cluster)
            evidence = {"replication_factor": factor}
            yield RuleFinding(classes.RING_UNREACHABLE, cluster.at(path), why, cluster=cluster.name, evidence=evidence)


def query_queue_bypassed(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """A downstream URL goes before the scheduler (pkg/lokifrontend/frontend/config.go, InitFrontend)."""
    for cluster in deployment.clusters:
        if url := cluster.written("frontend.downstream_url"):
            location = cluster.at("frontend.downstream_url")
            message = f"{location.path} sends queries straight to {url}, past the query scheduler"
            yield RuleFinding(classes.QUERY_QUEUE_BYPASSED, location, message, cluster=cluster.name)


def replication_factor(cluster: Cluster) -> float:
    """How many ingesters a line is written to; the ingester's own key goes before common's."""
    return number(cluster.value(_factor_path(cluster))) or 3


def _factor_path(cluster: Cluster) -> str:
    own = f"{_RING}.replication_factor"
    return "common.replication_factor" if cluster.written(own) is None else own


def _off_volume(cluster: Cluster, folder: object) -> bool:
    if cluster.volume is None or "${" in str(folder):
        return False
    return not f"{str(folder).rstrip('/')}/".startswith(f"{cluster.volume.rstrip('/')}/")
