"""The stage `storage` of a rollout: objects on the API server, the storage account on a fake of Azure."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.rollout import Approval, RolloutRefusedError, apply_stage, plan, roll_back
from logops.rollout.plan import Plan
from logops.rollout.verifications import storage
from logops.rollout.verifications.verification import NotVerifiedError
from tests.support.azure_account import EVERYTHING, AzureAccount, azure_account
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import Chart, FakeLoki, platform_of, small_environment

SOFT_DELETE = "blobServices/default"
MONTH = ("storage_accounts.monitoring.soft_delete_days", 30)
TERRAFORM = ("storage_accounts.monitoring.managed_by", "terraform")
PlatformOf = Callable[..., KubernetesPlatform]


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureAccount]:
    with azure_account(tmp_path, monkeypatch) as account:
        yield account


@pytest.fixture
def platform_with(cluster: KubernetesCluster, namespace: str, chart: Chart, azure: AzureAccount) -> PlatformOf:
    """Return the platform of an environment with changes, as a new process opens it."""

    def opened(*changes: tuple[str, Any]) -> KubernetesPlatform:
        everything = (*EVERYTHING, *changes)
        wanted = small_environment(chart, namespace, *everything, ("storage_accounts.security", None))
        return platform_of(wanted, cluster, FakeLoki(), accounts=azure.accounts(*everything))

    return opened


def apply(platform: KubernetesPlatform, planned: Plan, run: str) -> bool:
    """Apply the stage with an approval. Return whether something was changed."""
    approver = next(iter(platform.environment.approval.approvers), "ada")
    approval = Approval(planned.digest, approver, datetime.now(UTC), "terminal")
    return apply_stage(platform, planned, "storage", approval, run, lambda _: None) is not None


def roll_out(platform: KubernetesPlatform, run: str) -> bool:
    return apply(platform, plan(platform, ["storage"]), run)


def verify_accounts(platform: KubernetesPlatform) -> str:
    names = (each for each in storage.verifications(platform) if each.name == "storage-accounts-as-declared")
    return next(names).run()


def kept_days(azure: AzureAccount) -> int:
    return int(azure.server.resources[SOFT_DELETE]["properties"]["deleteRetentionPolicy"]["days"])


def test_account_is_planned_written_verified_and_rolled_back(platform_with: PlatformOf, azure: AzureAccount) -> None:
    first = platform_with()
    planned = plan(first, ["storage"])
    assert "add storage account oversightmonitoring: StorageAccount monitoring" in planned.stages[0].actions
    assert azure.server.changes == []
    assert apply(first, planned, "first")
    assert verify_accounts(first) == "1 account as declared"
    assert not plan(platform_with(), ["storage"]).changed
    first.release_lease("first")

    second = platform_with(MONTH)
    planned = plan(second, ["storage"])
    assert [mark.cls for mark in planned.marks] == ["storage-cost"]
    assert "+blob_service.deleteRetentionPolicy.days: 30" in planned.stages[0].diff
    apply(second, planned, "second")
    assert kept_days(azure) == 30

    roll_back(second, "second", print)
    assert kept_days(azure) == 7


def test_account_that_changes_after_the_plan_makes_it_stale(platform_with: PlatformOf, azure: AzureAccount) -> None:
    roll_out(platform_with(), "first")
    platform_with().release_lease("first")
    platform = platform_with(MONTH)
    planned = plan(platform, ["storage"])
    assert azure.server.account
    azure.server.account["properties"]["minimumTlsVersion"] = "TLS1_0"

    with pytest.raises(RolloutRefusedError, match="the plan has gone stale"):
        apply(platform, planned, "second")


def test_change_by_hand_is_in_the_next_plan_and_undone(platform_with: PlatformOf, azure: AzureAccount) -> None:
    roll_out(platform_with(), "first")
    assert azure.server.account
    azure.server.account["properties"]["minimumTlsVersion"] = "TLS1_0"
    with pytest.raises(NotVerifiedError, match="not as declared: StorageAccount monitoring/settings"):
        verify_accounts(platform_with())
    platform_with().release_lease("first")

    assert roll_out(platform_with(), "second")
    assert azure.server.account["properties"]["minimumTlsVersion"] == "TLS1_2"


def test_account_of_terraform_is_verified_and_never_written(platform_with: PlatformOf, azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    roll_out(platform_with(TERRAFORM), "first")
    assert verify_accounts(platform_with(TERRAFORM)) == "1 account as declared"
    platform_with().release_lease("first")

    changed = platform_with(TERRAFORM, MONTH)
    planned = plan(changed, ["storage"])
    with pytest.raises(RolloutRefusedError, match=r"1 terraform-first. .* these differ: blob service\."):
        apply(changed, planned, "second")

    azure.server.resources[SOFT_DELETE]["properties"].update(
        {name: {"enabled": True, "days": 30} for name in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")}
    )
    roll_out(changed, "second")
    roll_back(changed, "second", print)
    assert azure.server.changes == []
