"""Say which cluster a file or an account belongs to: a finding about a security cluster is for few people. Pure."""

from pathlib import PurePosixPath

from logops.environment import Environment
from logops.platforms.preview import STORAGE_ACCOUNT
from logops.render import Files


def cluster_of_account(environment: Environment, account: str) -> str:
    """Return the cluster that stores in an account: a security cluster, if one does. Empty: none."""
    users = [name for name, cluster in environment.clusters.items() if cluster.storage_account == account]
    return next((name for name in users if environment.clusters[name].data == "security"), next(iter(users), ""))


def account_of(subject: str) -> str:
    """Return the storage account of an object in a preview; empty if it is another object.

    >>> account_of("StorageAccount monitoring/lifecycle"), account_of("ConfigMap logs/loki-main")
    ('monitoring', '')
    """
    kind, _, name = subject.partition(" ")
    return name.partition("/")[0] if kind == STORAGE_ACCOUNT else ""


def cluster_of_file(environment: Environment, name: str, *states: Files) -> str:
    """Return the cluster of a rendered file, such as `loki/main.yaml`. Empty: it belongs to none, or to several.

    states   live and desired files of the stage: the settings of an agent's process name its cluster
    """
    folder, *names = PurePosixPath(name).with_suffix("").parts
    match folder, names:
        case "loki" | "tenants", [cluster]:
            return cluster
        case "rules", [cluster, *_]:
            return cluster
        case "storage", [account] if account in environment.storage_accounts:
            return cluster_of_account(environment, account)
        case "agents", [process]:
            return next((cluster for state in states if (cluster := _declared_cluster(process, state))), "")
        case _, [_, "security"]:
            # Of an Alertmanager or a Prometheus for security clusters.
            return next((name for name, cluster in environment.clusters.items() if cluster.data == "security"), "")
    return ""


def cluster_of_process(environment: Environment, process: str, state: Files) -> str:
    """Return the cluster of a process, by its settings or else by its file. Empty: it belongs to none."""
    if cluster := _declared_cluster(process, state):
        return cluster
    files = (word.partition("/live/")[2] for word in state.settings.get(process, ()))
    return next((cluster for file in files if file and (cluster := cluster_of_file(environment, file))), "")


def _declared_cluster(process: str, state: Files) -> str:
    prefix = "LOGOPS_CLUSTER="
    words = (word for word in state.settings.get(process, ()) if word.startswith(prefix))
    return next(words, "").removeprefix(prefix).strip('"')
