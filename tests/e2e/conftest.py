"""One Airflow standalone on a separate checkout, with environments that are really rolled out.

The checkout is the folder in LOGOPS_HOME. Environments and state are separate; dags and programs are this repository's.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logops.platforms.local import LocalPlatform
from logops.platforms.local.ports import taken
from logops.quickstart import background
from logops.quickstart.airflow_api import AirflowApi
from tests.support.checkouts import Checkout
from tests.support.environments import environment
from tests.support.http_servers import Recording, http_server
from tests.support.local_platforms import free_base_port, own_share, processes_of, security_only
from tests.support.rollouts import Rollouts, save

ROOT = Path(__file__).parents[2]
SMALL = ("small", "approved", "refused", "faulty", "restarted", "interrupted", "watched", "notified")
"""Environments of three processes each. Tests use different environments, so that their states stay independent."""


@pytest.fixture(scope="package")
def webhook() -> Iterator[Recording]:
    """The receiver of the alerts of `whole`."""
    with http_server([(200, b"{}")]) as recording:
        yield recording


@pytest.fixture(scope="package")
def checkout(tmp_path_factory: pytest.TempPathFactory, webhook: Recording) -> Iterator[Checkout]:
    root = tmp_path_factory.mktemp("checkout")
    (root / "include").mkdir()
    for name in ("tools", "plugins", "include/logql", "include/secrets"):
        (root / name).symlink_to(ROOT / name)
    # Copied: the DAG looks for environments beside itself.
    shutil.copytree(ROOT / "dags", root / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    whole = environment(
        "local",
        ("name", "whole"),
        ("platform.base_port", free_base_port()),
        ("alerts.standard.receivers", {"hook": {"webhook": {"url": webhook.url}}}),
        ("alerts.standard.receiver", "hook"),
    )
    save(root, whole)
    for name in SMALL:
        save(root, security_only(name))
    made = Checkout(root, _airflow_port())
    try:
        yield made
    finally:
        left = background.read(made.airflow.record)
        made.airflow.stop()
        names = ("whole", *SMALL)
        for name in names:
            made.platform(name).down(print)
        assert left is None or background.members(left) == []
        assert [process for name in names for process in processes_of(made.platform(name).state)] == []


@pytest.fixture
def airflow(checkout: Checkout) -> AirflowApi:
    """A healthy Airflow, started if it is not running."""
    checkout.airflow.start(checkout.port)
    checkout.airflow.wait_until_healthy(lambda _: None)
    return checkout.airflow.api()


@pytest.fixture
def rollouts(checkout: Checkout, airflow: AirflowApi) -> Iterator[Rollouts]:
    """Trigger rollouts, and end them after the test. A rollout left by a failed test would block the next one."""
    triggered = Rollouts(checkout.airflow)
    yield triggered
    triggered.end()


@pytest.fixture
def live(checkout: Checkout) -> Iterator[Callable[[str], LocalPlatform]]:
    """Return a function that opens an environment by name. The environments are stopped after the test."""
    asked: set[str] = set()

    def open_it(name: str) -> LocalPlatform:
        asked.add(name)
        return checkout.platform(name)

    yield open_it
    for name in asked:
        checkout.platform(name).down(print)


def _airflow_port() -> int:
    """Return a free port with two more free ports after it, for Airflow's log servers."""
    return next(port for port in own_share(range(18_080, 19_000, 3)) if not taken(range(port, port + 3)))
