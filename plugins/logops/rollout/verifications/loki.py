"""Loki: every process is ready, the ring is complete, and all run the same version."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from logops.clients.loki import LokiClient
from logops.clients.loki.errors import LokiError
from logops.platforms.platform import DeployablePlatform
from logops.rollout.verifications.verification import NotVerifiedError, Verification, wait_for

SETTLE_SECONDS = 60.0
"""Time for a ring to become ACTIVE after the last process has started."""


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    for name in platform.environment.clusters:
        for process, url in platform.urls(name).items():
            yield Verification("process-ready", process, partial(_ready, url))
        yield Verification("ring-active", name, partial(_ring, platform, name))
        yield Verification("versions-equal", name, partial(_versions, platform, name))


def _ready(url: str) -> str:
    with LokiClient(url, retry_for=0) as client:

        def look() -> str | None:
            try:
                answer = client.ready()
            except LokiError as error:
                said[:] = [str(error)]
                return None
            said[:] = [answer.text]
            return answer.text if answer.ready else None

        said = ["no answer"]
        return wait_for(look, lambda: f"{url}/ready did not answer `ready` but {said[0]!r}", SETTLE_SECONDS)


def _ring(platform: DeployablePlatform, cluster: str) -> str:
    expected = platform.environment.clusters[cluster].ingesters
    with LokiClient(platform.write_url(cluster)) as client:
        states: list[str] = []

        def look() -> str | None:
            states[:] = [member.state for member in client.ring()]
            return f"{expected} ingesters ACTIVE" if states == ["ACTIVE"] * expected else None

        return wait_for(look, lambda: f"expected {expected} ingesters ACTIVE, found {_count(states)}", SETTLE_SECONDS)


def _versions(platform: DeployablePlatform, cluster: str) -> str:
    versions = {process: _version(url) for process, url in platform.urls(cluster).items()}
    if len(set(versions.values())) > 1:
        listed = ", ".join(f"{process} {version}" for process, version in versions.items())
        raise NotVerifiedError(f"processes run different versions: {listed}")
    return f"all run {next(iter(versions.values()))}"


def _version(url: str) -> str:
    with LokiClient(url) as client:
        return client.build_info().version


def _count(states: list[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(Counter(states).items())) or "none"
