"""The login with which a delivery of alerts sees a running rollout."""

import os

import pytest

from logops.airflow.hooks import kubernetes
from logops.airflow.hooks.kubernetes import ClusterConnectionError
from logops.airflow.operators.work import open_to_alert
from logops.platforms.kubernetes.access import FILE
from logops.platforms.remote import RemotePlatform
from tests.support.environments import environment


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logops.airflow.operators.work._give_secrets", lambda environment: None)
    monkeypatch.setenv(FILE, "before")


def test_delivery_has_the_login_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "cluster_login", lambda connection: {FILE: f"of {connection}"})
    wanted = environment("production")

    assert isinstance(open_to_alert(wanted), RemotePlatform)
    assert os.environ[FILE] == f"of {wanted.platform.connection}"  # type: ignore[union-attr]


def test_broken_connection_does_not_keep_alerts_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: str) -> None:
        raise ClusterConnectionError(connection)

    monkeypatch.setattr(kubernetes, "cluster_login", refuse)
    assert isinstance(open_to_alert(environment("production")), RemotePlatform)
