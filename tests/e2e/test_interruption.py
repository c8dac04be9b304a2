"""Airflow dies in the middle of a rollout and is started again."""

import signal
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest

from checkouts import Checkout
from local_platforms import all_ready
from logops.platforms.local import LocalPlatform
from logops.quickstart import background
from rollouts import Rollouts

Live = Callable[[str], LocalPlatform]


@pytest.mark.timeout(420)
def test_a_rollout_goes_on_after_airflow_was_killed(checkout: Checkout, rollouts: Rollouts, live: Live) -> None:
    platform = live("restarted")
    run = rollouts.trigger("restarted")
    run.wait_for_task("loki.apply", {"running"})

    killed = _kill(checkout)
    assert checkout.airflow.start(checkout.port)
    checkout.airflow.wait_until_healthy(print)
    run = replace(run, api=checkout.airflow.api())

    assert run.ended() == "success"
    assert run.tasks()["loki.apply"].try_number == 2
    assert all_ready(platform)
    assert killed > 5
    # Nobody has the lease any more, so another may.
    platform.hold("after")
    platform.release("after")


def _kill(checkout: Checkout) -> int:
    """kill -9 every process of Airflow, its tasks among them; how many there were."""
    started = background.read(checkout.airflow.record)
    assert started is not None
    processes = background.members(started)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)
    assert background.members(started) == []
    return len(processes)
