"""The promises of every deployable platform, on Kubernetes."""

import pytest

from logops.platforms.kubernetes.platform import KubernetesPlatform
from tests.support.platform_contract import PlatformContract


class TestKubernetesPlatform(PlatformContract):
    @pytest.fixture
    def target(self, platform: KubernetesPlatform) -> KubernetesPlatform:
        return platform
