"""Tests of lifecycle policy runs on a real Azurite: the content of the containers afterwards."""

from datetime import UTC, datetime, timedelta

import pytest

from logops.clients.blob_storage import ObjectStore
from logops.clients.blob_storage.blobs import Tier
from logops.clients.blob_storage.container import Container
from logops.lifecycle.policy import Action, Policy, Rule, When
from logops.lifecycle.run import Done, run_policy

POLICY = Policy(
    (
        Rule("chunks", ("policed/team/",), {Action.COOL: When(30), Action.DELETE: When(400)}),
        Rule("elsewhere", ("another/",), {Action.DELETE: When(0)}),
    )
)


@pytest.fixture
def container(store: ObjectStore) -> Container:
    store.create_container("policed")
    store.create_container("untouched")
    policed = store.container("policed")
    for name in ("team/a", "team/b", "teams/c", "index/d"):
        policed.write(name, b"12345")
    store.container("untouched").write("team/a", b"1")
    return policed


def tiers(container: Container) -> dict[str, Tier]:
    return {row["name"]: Tier(row["tier"]) for batch in container.list().batches for row in batch.to_pylist()}


def run(store: ObjectStore, days: float, *, dry: bool = False) -> list[Done]:
    return run_policy(store, POLICY, datetime.now(UTC) + timedelta(days=days), lambda _: None, dry=dry)


def test_policy_run_cools_and_deletes_blobs_when_due(store: ObjectStore, container: Container) -> None:
    before = tiers(container)

    assert run(store, 29.9) == []
    assert run(store, 31, dry=True) == [Done(store.account, "policed", Action.COOL, 2, 10)]
    assert tiers(container) == before

    assert run(store, 31) == [Done(store.account, "policed", Action.COOL, 2, 10)]
    assert tiers(container) == {**before, "team/a": Tier.COOL, "team/b": Tier.COOL}
    assert run(store, 31) == []

    assert run(store, 401) == [Done(store.account, "policed", Action.DELETE, 2, 10)]
    assert tiers(container) == {name: tier for name, tier in before.items() if not name.startswith("team/")}
    assert [*tiers(store.container("untouched"))] == ["team/a"]


def test_policy_run_moves_more_blobs_than_one_request_holds(store: ObjectStore) -> None:
    store.create_container("policed")
    container = store.container("policed")
    for number in range(300):
        container.write(f"team/many{number}", b"")

    (done,) = run(store, 31)

    assert done.blobs >= 300
    assert {tier for name, tier in tiers(container).items() if "many" in name} == {Tier.COOL}
