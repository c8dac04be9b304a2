"""Loki: every process is ready, and runs the same version with the rendered configuration. The ring is complete, and
users can push and read through the gateway.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import yaml

from logops.clients.loki import LokiClient, RingMember
from logops.clients.loki.errors import LokiError
from logops.masking import masked
from logops.number_text import count_text
from logops.platforms.platform import DeployablePlatform
from logops.rollout.settings import Setting, differing_settings
from logops.rollout.verifications import gateway
from logops.rollout.verifications.verification import NotVerifiedError, Verification, wait_for

SETTLE_SECONDS = 60.0
"""Time for a ring to become ACTIVE after the last process has started."""
RETRY_SECONDS = 10.0
"""How long a process that does not answer is asked again."""
_MOST_SETTINGS = 20


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    files = platform.desired()["loki"]
    for name in platform.environment.clusters:
        declared = yaml.safe_load(files[f"loki/{name}.yaml"])
        urls = platform.urls(name)
        for process, url in urls.items():
            yield Verification("process-ready", process, partial(_ready, url))
            yield Verification("configuration-as-rendered", process, partial(_configured, url, declared))
        yield Verification("workloads-ready", name, partial(_workloads, platform, name))
        yield Verification("ring-active", name, partial(_ring, platform, name))
        yield Verification("versions-equal", name, partial(_versions, urls))
        yield from gateway.verifications(platform, name)


def _workloads(platform: DeployablePlatform, cluster: str) -> str:
    """Include what has no address of its own to ask: gateway, canary, caches, and pods that do not exist."""
    unready: list[str] = []
    count = 0

    def look() -> str | None:
        nonlocal count
        statuses = [status for status in platform.processes() if (status.stage, status.cluster) == ("loki", cluster)]
        count = len(statuses)
        unready[:] = [f"{status.name} is {status.state}: {status.detail}" for status in statuses if not status.ready]
        return None if unready or not statuses else f"{count} ready"

    return wait_for(look, lambda: f"{len(unready)} of {count} not ready: {'; '.join(unready)}; not", SETTLE_SECONDS)


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


def _configured(url: str, declared: Mapping[str, Any]) -> str:
    with LokiClient(url, retry_for=RETRY_SECONDS) as client:
        differing = differing_settings(declared, client.config())
    if differing:
        raise NotVerifiedError(configuration_text(differing))
    return "runs with the rendered configuration"


def configuration_text(differing: Sequence[Setting]) -> str:
    """Return which settings a process runs with instead of the rendered ones. Secrets are masked."""
    listed = "".join(f"\n    {masked(str(setting))}" for setting in differing[:_MOST_SETTINGS])
    more = f"\n    and {len(differing) - _MOST_SETTINGS} more" if len(differing) > _MOST_SETTINGS else ""
    return (
        f"it runs with {count_text(len(differing), 'other setting')} than the rollout rendered. Restart it, and look "
        f"for who changed its file:{listed}{more}"
    )


def _ring(platform: DeployablePlatform, cluster: str) -> str:
    expected = platform.ring_members(cluster)
    with LokiClient(platform.write_url(cluster)) as client:
        problem = {"text": ""}

        def look() -> str | None:
            problem["text"] = ring_trouble(expected, client.ring())
            return None if problem["text"] else f"{count_text(len(expected), 'ingester')} ACTIVE"

        return wait_for(
            look,
            lambda: f"expected {count_text(len(expected), 'ingester')} ACTIVE, found {problem['text']}",
            SETTLE_SECONDS,
        )


def ring_trouble(expected: Collection[str], members: Sequence[RingMember]) -> str:
    """Return which members of a ring are not as expected; empty if all are."""
    names = {member.id for member in members}
    return "; ".join(
        [
            *(f"{member.id} {member.state}" for member in members if member.state != "ACTIVE"),
            *(f"{name} missing" for name in sorted({*expected} - names)),
            *(f"{name} not declared" for name in sorted(names - {*expected})),
        ]
    )


def _versions(urls: Mapping[str, str]) -> str:
    versions = {process: _version(url) for process, url in urls.items()}
    if len(set(versions.values())) > 1:
        listed = ", ".join(f"{process} {version}" for process, version in versions.items())
        raise NotVerifiedError(f"processes run different versions: {listed}")
    return f"all run {next(iter(versions.values()))}"


def _version(url: str) -> str:
    with LokiClient(url, retry_for=RETRY_SECONDS) as client:
        return client.build_info().version
