"""One Airflow standalone on a checkout of the tests' own, and environments that it really rolls out.

The checkout is a folder that LOGOPS_HOME names: its own environments and state, this repository's dags and programs.
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
from tests.support.local_platforms import free_base_port, own_share, processes_of, security_only
from tests.support.rollouts import Rollouts, save

ROOT = Path(__file__).parents[2]
SMALL = ("small", "approved", "refused", "faulty", "restarted", "interrupted")
"""Environments of three processes, one for each story, so that none depends on what another has left."""


@pytest.fixture(scope="package")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    root = tmp_path_factory.mktemp("checkout")
    (root / "include").mkdir()
    for name in ("tools", "plugins", "include/logql"):
        (root / name).symlink_to(ROOT / name)
    # Copied: the DAG looks for environments beside itself.
    shutil.copytree(ROOT / "dags", root / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    save(root, environment("local", ("name", "whole"), ("platform.base_port", free_base_port())))
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
    """Airflow, running and healthy: started by the first test that needs it, or after one that ended it."""
    checkout.airflow.start(checkout.port)
    checkout.airflow.wait_until_healthy(lambda _: None)
    return checkout.airflow.api()


@pytest.fixture
def rollouts(checkout: Checkout, airflow: AirflowApi) -> Iterator[Rollouts]:
    """Those that a test leaves running, because it failed, are ended: the next test's would wait for them."""
    triggered = Rollouts(checkout.airflow)
    yield triggered
    triggered.end()


@pytest.fixture
def live(checkout: Checkout) -> Iterator[Callable[[str], LocalPlatform]]:
    """An environment by name; those a test asked for are ended with it."""
    asked: set[str] = set()

    def open_it(name: str) -> LocalPlatform:
        asked.add(name)
        return checkout.platform(name)

    yield open_it
    for name in asked:
        checkout.platform(name).down(print)


def _airflow_port() -> int:
    """With room for the two ports of its log servers."""
    return next(port for port in own_share(range(18_080, 19_000, 3)) if not taken(range(port, port + 3)))
