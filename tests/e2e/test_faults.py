"""Faults during a rollout: the run fails with the cause in the task's log, and the stages are rolled back."""

import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from logops.clients.loki import Entry, LokiClient
from logops.platforms.local import LocalPlatform
from logops.render import STAGES
from tests.support.checkouts import Checkout
from tests.support.local_platforms import all_ready, pid_of, steal_port
from tests.support.rollouts import Rollouts, Run, edit

TENANT = "security-team"


@pytest.fixture(scope="module")
def faulty(checkout: Checkout) -> Iterator[Callable[[], LocalPlatform]]:
    """A function that opens the environment `faulty`. The environment is stopped after the last test."""
    yield lambda: checkout.platform("faulty")
    checkout.platform("faulty").down(print)


@pytest.fixture
def rolled_out(rollouts: Rollouts, faulty: Callable[[], LocalPlatform]) -> LocalPlatform:
    platform = faulty()
    if {stage: platform.live(stage) for stage in STAGES} != platform.desired() or not all_ready(platform):
        assert rollouts.trigger("faulty").ended() == "success"
    return platform


def test_loki_with_invalid_configuration_is_rolled_back_with_error_in_log(
    checkout: Checkout, rollouts: Rollouts, rolled_out: LocalPlatform
) -> None:
    before = {stage: rolled_out.live(stage) for stage in STAGES}
    marker = _push(rolled_out)
    limit = rolled_out.environment.clusters["security"].limits.max_global_streams_per_user
    # Too large for the integer type in Loki.
    edit(checkout.root, "faulty", ("clusters.security.limits.max_global_streams_per_user", 10**20))

    run = rollouts.trigger("faulty")

    assert run.ended() == "failed"
    assert run.states("failed") == {"loki.apply", "summary"}
    assert "starting security-all-0: it exits repeatedly" in run.log("loki.apply")
    assert "cannot unmarshal" in run.log("loki.apply")
    assert run.tasks()["roll_back"].state == "success"
    assert {stage: rolled_out.live(stage) for stage in STAGES} == before
    assert all_ready(rolled_out)
    assert _read_back(rolled_out, marker)
    edit(checkout.root, "faulty", ("clusters.security.limits.max_global_streams_per_user", limit))


def test_port_used_by_another_process_is_reported_with_pid(rollouts: Rollouts, rolled_out: LocalPlatform) -> None:
    with steal_port(rolled_out, "azurite"):
        run = rollouts.trigger("faulty")

        assert run.ended() == "failed"
        assert f"pid {psutil.Process().pid}" in run.log("storage.apply")

    _ends_well(rollouts)
    assert all_ready(rolled_out)


def test_loki_killed_during_verification_is_restarted_before_rollout_ends(
    checkout: Checkout, rollouts: Rollouts, rolled_out: LocalPlatform
) -> None:
    edit(checkout.root, "faulty", ("clusters.security.log_level", "info"))
    run = rollouts.trigger("faulty")
    run.wait_for_task("loki.apply", {"success"})

    killed = pid_of(rolled_out, "security-all-0")
    psutil.Process(killed).send_signal(signal.SIGKILL)

    assert run.ended() == "success"
    assert pid_of(rolled_out, "security-all-0") != killed
    assert all_ready(rolled_out)


def test_rollout_fails_with_lease_owner_if_lease_is_held(
    checkout: Checkout, rollouts: Rollouts, rolled_out: LocalPlatform
) -> None:
    edit(checkout.root, "faulty", ("clusters.security.log_level", "warn"))
    pid = pid_of(rolled_out, "security-all-0")
    rolled_out.acquire_lease("terminal-somebody")
    try:
        run = rollouts.trigger("faulty")
        terminal = checkout.logops("up", "faulty", "--yes")

        assert run.ended() == "failed"
        assert "is being changed by terminal-somebody" in run.log("storage.apply")
        assert terminal.returncode == 1
        assert "is being changed by terminal-somebody" in terminal.stderr
        assert pid_of(rolled_out, "security-all-0") == pid
    finally:
        rolled_out.release_lease("terminal-somebody")


def test_concurrent_rollouts_run_one_after_another(rollouts: Rollouts, rolled_out: LocalPlatform) -> None:
    runs = [rollouts.trigger("faulty") for _ in range(2)]

    assert [run.ended() for run in runs] == ["success", "success"]
    (_, first_ended), (second_began, _) = sorted(run.times() for run in runs)
    assert second_began >= first_ended


def _push(platform: LocalPlatform) -> str:
    marker = f"kept-{time.time_ns()}"
    with LokiClient(platform.write_url("security")) as client:
        client.push(TENANT, [Entry(time.time_ns(), {"job": "e2e"}, marker)])
    return marker


def _read_back(platform: LocalPlatform, marker: str) -> bool:
    now = time.time_ns()
    with LokiClient(platform.read_url("security")) as client:
        return bool(client.query_logs(TENANT, f'{{job="e2e"}} |= `{marker}`', now - 600 * 10**9, now))


def _ends_well(rollouts: Rollouts) -> Run:
    run = rollouts.trigger("faulty")
    assert run.ended() == "success"
    return run
