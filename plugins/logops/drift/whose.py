"""Say which cluster a file or an account belongs to: a finding about a security cluster is for few people. Pure."""

from pathlib import PurePosixPath

from logops.environment import Environment
from logops.render import Files


def cluster_of_account(environment: Environment, account: str) -> str:
    """Return the cluster that stores in an account: a security cluster, if one does. Empty: none."""
    users = [name for name, cluster in environment.clusters.items() if cluster.storage_account == account]
    return next((name for name in users if environment.clusters[name].data == "security"), next(iter(users), ""))


def cluster_of_file(environment: Environment, name: str, *states: Files) -> str:
    """Return the cluster of a rendered file, such as `loki/main.yaml`. Empty: it belongs to none, or to several.

    states   live and desired files of the stage: the settings of an agent's process name its cluster
    """
    folder, *names = PurePosixPath(name.removesuffix(".yaml")).parts
    match folder, names:
        case "loki" | "tenants", [cluster]:
            return cluster
        case "rules", [cluster, *_]:
            return cluster
        case "storage", [account] if account in environment.storage_accounts:
            return cluster_of_account(environment, account)
        case "storage", ["alertmanager", "security"]:
            return next((name for name, cluster in environment.clusters.items() if cluster.data == "security"), "")
        case "agents", [process]:
            return next((cluster for state in states if (cluster := cluster_of_process(process, state))), "")
    return ""


def cluster_of_process(process: str, state: Files) -> str:
    """Return the cluster in the settings of a process; an empty text if it has none."""
    prefix = "LOGOPS_CLUSTER="
    words = (word for word in state.settings.get(process, ()) if word.startswith(prefix))
    return next(words, "").removeprefix(prefix).strip('"')
