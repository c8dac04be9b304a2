"""How logops logs in to a Kubernetes cluster: with a kubeconfig, or as the pod that it runs in."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from logops.platforms.platform import PlatformError

FILE = "KUBECONFIG"
CONTENT = "LOGOPS_KUBECONFIG"
"""Variable with the text of a kubeconfig, for a login that is in no file."""
CONTEXT = "LOGOPS_KUBE_CONTEXT"
"""Variable with the context of the kubeconfig. Default: its current context."""
_IN_POD = "KUBERNETES_SERVICE_HOST"


class AccessError(PlatformError):
    """There is no login to the cluster."""


@dataclass(frozen=True)
class Access:
    """A login to a cluster. With neither file nor text, it is the service account of this pod."""

    file: Path | None = None
    """A kubeconfig."""
    text: str = field(default="", repr=False)
    """A kubeconfig that is in no file."""
    context: str | None = None
    """None: the current context of the kubeconfig."""

    def __str__(self) -> str:
        if self.file:
            return f"the kubeconfig {self.file}"
        return "the kubeconfig of the connection" if self.text else "the service account of this pod"

    @contextmanager
    def helm_arguments(self) -> Iterator[tuple[str, ...]]:
        """Yield the words with which helm uses this login. A kubeconfig without a file has one while the block runs."""
        context = ("--kube-context", self.context) if self.context else ()
        if not self.text:
            yield (*(("--kubeconfig", str(self.file)) if self.file else ()), *context)
            return
        # Only its owner can read it.
        with tempfile.NamedTemporaryFile("w", prefix="logops-", suffix=".kubeconfig") as file:
            file.write(self.text)
            file.flush()
            yield ("--kubeconfig", file.name, *context)


def find_access() -> Access:
    """Return the login of this process: its variables, the service account of its pod, or ~/.kube/config.

    Raises AccessError if there is none.
    """
    context = os.environ.get(CONTEXT) or None
    if text := os.environ.get(CONTENT):
        return Access(text=text, context=context)
    if named := os.environ.get(FILE):
        file = Path(named).expanduser()
        if not file.is_file():
            raise AccessError(f"logging in to Kubernetes: {FILE} is {named!r}, and there is no such file. Correct it.")
        return Access(file, context=context)
    if os.environ.get(_IN_POD):
        return Access()
    file = Path("~/.kube/config").expanduser()
    if not file.is_file():
        raise AccessError(
            f"logging in to Kubernetes: there is no kubeconfig. Set {FILE} to its path. For AKS, "
            "`az aks get-credentials` writes it."
        )
    return Access(file, context=context)
