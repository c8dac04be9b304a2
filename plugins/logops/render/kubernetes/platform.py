"""The Kubernetes platform of an environment."""

from logops.environment.kubernetes import KubernetesPlatform
from logops.environment.model import Environment
from logops.render.topology import PlacementError


def kubernetes_platform(environment: Environment) -> KubernetesPlatform:
    """Return the platform of an environment. Raises PlacementError if it is another one."""
    if not isinstance(environment.platform, KubernetesPlatform):
        raise PlacementError(
            f"environment {environment.name!r} is for platform {environment.platform.kind}, not for kubernetes. "
            "Choose an environment with platform.kind: kubernetes"
        )
    return environment.platform
