"""The contract tests of a deployable platform, with real processes."""

import pytest

from logops.platforms.local import LocalPlatform
from logops.platforms.platform import DeployablePlatform
from tests.support.platform_contract import PlatformContract


class TestLocalPlatform(PlatformContract):
    @pytest.fixture
    def target(self, platform: LocalPlatform) -> DeployablePlatform:
        return platform
