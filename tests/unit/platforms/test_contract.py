"""Run the contract tests of `DeployablePlatform` against the platform in memory, which other tests use."""

from pathlib import Path

import pytest

from logops.environment import load_environment
from logops.platforms.platform import DeployablePlatform
from logops.render import STAGES, Files
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.platform_contract import PlatformContract

LOCAL = load_environment(Path(__file__).parents[3] / "include/environments/local.yaml")


class TestMemoryPlatform(PlatformContract):
    @pytest.fixture
    def target(self) -> DeployablePlatform:
        return MemoryPlatform(LOCAL, {stage: Files({f"{stage}/file.yaml": "a: 1\n"}) for stage in STAGES})
