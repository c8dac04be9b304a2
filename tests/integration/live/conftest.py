"""Fixture: one running environment for the tests of this folder: distributed Loki, security Loki, Azurite, agents."""

from collections.abc import Iterator

import pytest

from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from tests.support.environments import environment
from tests.support.local_platforms import apply_all, free_base_port, processes_of


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """The local environment, applied. A test that damages the environment repairs it."""
    wanted = environment("local", ("name", "tests"), ("platform.base_port", free_base_port()))
    started = open_local(wanted, tmp_path_factory.mktemp("platform"))
    try:
        apply_all(started)
        yield started
    finally:
        started.down(print)
        assert processes_of(started.state) == []
