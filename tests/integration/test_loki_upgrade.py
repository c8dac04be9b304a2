"""An upgrade of a running Loki, and the way back: real processes of two versions.

LOGOPS_OLDER_LOKI is the path of an older Loki.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from logops.clients.loki import Entry, LokiClient, LokiError
from logops.platforms import local_commands, open_local
from logops.platforms.local import LocalPlatform
from logops.rollout import verify_stage
from logops.toolchain.programs import PROGRAMS
from logops.toolchain.versions import version_of
from tests.support.environments import environment
from tests.support.local_platforms import apply_all, free_base_port, processes_of

OLDER = os.environ.get("LOGOPS_OLDER_LOKI", "")
TENANT, JOB = "application", '{job="upgraded"}'

pytestmark = [
    pytest.mark.skipif(not OLDER, reason="LOGOPS_OLDER_LOKI names no older Loki"),
    pytest.mark.timeout(900),
]


@dataclass
class Writer:
    """Pushes a numbered line again and again, and keeps the numbers that Loki acknowledged."""

    url: str
    acknowledged: list[int]
    ended: threading.Event

    def push(self) -> None:
        with LokiClient(self.url) as client:
            while not self.ended.wait(0.02):
                number = len(self.acknowledged)
                with contextlib.suppress(LokiError):
                    client.push(TENANT, [Entry(time.time_ns(), {"job": "upgraded"}, str(number))])
                    self.acknowledged.append(number)


@dataclass(frozen=True)
class Upgrade:
    """What was seen before the upgrade, after it, and after the rollback."""

    platform: LocalPlatform
    started_ns: int
    acknowledged: int
    versions: tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]
    lines: tuple[set[int], set[int]]
    """After the upgrade, and after the rollback."""


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    wanted = environment("local", ("name", "upgrade"), ("platform.base_port", free_base_port()))
    root = tmp_path_factory.mktemp("upgrade")
    newer = open_local(wanted, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logops.platforms.local_commands", lambda: {**local_commands(), "loki": (OLDER,)})
        older = open_local(wanted, root)
    try:
        apply_all(older)
        before, started = versions(newer), time.time_ns()
        writer = Writer(newer.write_url("main"), [], threading.Event())
        pushing = threading.Thread(target=writer.push)
        pushing.start()
        newer.apply("loki", newer.desired()["loki"], "upgrades", print)
        after = versions(newer)
        verify_stage(newer, "loki", print)
        upgraded = lines(newer, started)
        newer.roll_back("loki", "upgrades", print)
        back = versions(newer)
        writer.ended.set()
        pushing.join()
        yield Upgrade(
            newer, started, len(writer.acknowledged), (before, after, back), (upgraded, lines(newer, started))
        )
    finally:
        newer.down(print)
        assert processes_of(newer.state) == []


def versions(platform: LocalPlatform) -> dict[str, str]:
    found = {}
    for cluster in platform.environment.clusters:
        for name, url in platform.urls(cluster).items():
            with LokiClient(url) as client:
                found[name] = client.build_info().version
    return found


def lines(platform: LocalPlatform, started_ns: int) -> set[int]:
    with LokiClient(platform.read_url("main")) as client:
        return {int(entry.text) for entry in client.read_all(TENANT, JOB, started_ns, time.time_ns())}


def test_every_process_runs_the_newer_version_after_the_upgrade_and_the_older_one_after_the_rollback(
    upgrade: Upgrade,
) -> None:
    older = version_of(Path(OLDER), PROGRAMS["loki"].version_arguments)
    before, after, back = (set(found.values()) for found in upgrade.versions)

    assert (before, after, back) == ({older}, {PROGRAMS["loki"].version}, {older})


def test_lines_acknowledged_during_upgrade_and_rollback_are_all_found(upgrade: Upgrade) -> None:
    upgraded, back = upgrade.lines

    assert upgraded == set(range(len(upgraded)))
    assert back == set(range(upgrade.acknowledged))
