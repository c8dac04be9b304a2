"""Interruptions: Airflow is killed during a rollout, and `make up` is stopped with Ctrl-C."""

import signal
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest

from logops.platforms.local import LocalPlatform
from logops.quickstart import background
from logops.quickstart.airflow_api import AirflowApi
from tests.support.checkouts import Checkout
from tests.support.local_platforms import all_ready
from tests.support.rollouts import DAG, Rollouts, Run, edit
from tests.support.waiting import wait_for

Live = Callable[[str], LocalPlatform]


@pytest.mark.timeout(420)
def test_rollout_resumes_after_airflow_is_killed(checkout: Checkout, rollouts: Rollouts, live: Live) -> None:
    platform = live("restarted")
    run = rollouts.trigger("restarted")
    run.wait_for_task("loki.apply", {"running"})

    killed = _kill(checkout)
    assert checkout.airflow.start(checkout.port)
    checkout.airflow.wait_until_healthy(lambda _: None)
    run = replace(run, api=checkout.airflow.api())

    assert run.ended() == "success"
    assert run.tasks()["loki.apply"].try_number > 1
    assert all_ready(platform)
    assert killed > 5
    # The lease was released, so another owner can acquire it.
    platform.acquire_lease("after")
    platform.release_lease("after")


def test_ctrl_c_during_rollout_rolls_back(checkout: Checkout, airflow: AirflowApi, live: Live) -> None:
    platform = live("interrupted")
    command = checkout.begin("quickstart", "up", "interrupted")
    run = _first_run(checkout, airflow)
    run.wait_for_task("loki.apply", {"running"})

    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=120)

    assert command.returncode == 130, said
    assert "Interrupted: stopping the rollout and rolling back." in said
    assert f"Still running: Airflow on port {checkout.port}." in said
    assert run.state == "failed"
    assert run.tasks()["roll_back"].state == "success"
    assert [status.name for status in platform.processes() if status.pid] == []


def test_ctrl_c_while_waiting_leaves_other_rollout_running(
    checkout: Checkout, airflow: AirflowApi, rollouts: Rollouts
) -> None:
    edit(checkout.root, "refused", ("approval.required", True))
    other = rollouts.trigger("refused", auto_approve=False)
    other.wait_for_task("approval", {"awaiting_input"})
    command = checkout.begin("quickstart", "up", "interrupted")
    run = _first_run(checkout, airflow)

    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)

    assert command.returncode == 130, said
    assert f"Another rollout is under way ({other.id}); this one waits for it." in said
    assert run.state == "failed"
    assert other.state == "running"
    other.answer("Reject")
    assert other.ended() == "failed"


def _first_run(checkout: Checkout, api: AirflowApi) -> Run:
    """Return the run that `make up` triggers."""
    found: list[str] = []

    def seen() -> bool:
        found[:] = [run for run in api.runs(DAG, ("queued", "running")) if run.startswith("make-up-")]
        return bool(found)

    wait_for(seen)
    return Run(api, found[0], checkout.airflow.log)


def _kill(checkout: Checkout) -> int:
    """Kill every process of Airflow with SIGKILL, including its tasks. Return the number of processes."""
    started = background.read(checkout.airflow.record)
    assert started is not None
    processes = background.members(started)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)
    assert background.members(started) == []
    return len(processes)
