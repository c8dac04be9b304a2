"""Complete rollouts with a fault: the storage stops during the rollout, or a secret is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.rollout import RolloutResult
from tests.support.environments import environment
from tests.support.local_platforms import free_base_port, processes_of, security_only
from tests.support.rollouts import roll_out


@dataclass(frozen=True)
class Failed:
    platform: LocalPlatform
    result: RolloutResult


@pytest.fixture(scope="module")
def azurite_dead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failed]:
    """A first rollout in which Azurite is stopped just before stage loki is applied."""
    platform = open_local(security_only("azurite-dead"), tmp_path_factory.mktemp("rollout"))

    def on_the_way(line: str) -> None:
        if line == "applying loki":
            platform._supervisord.stop_process("azurite")

    try:
        yield Failed(platform, roll_out(platform, "run", on_the_way))
    finally:
        platform.down(print)


def test_rollout_without_storage_fails_at_loki_stage(azurite_dead: Failed) -> None:
    assert list(azurite_dead.result.failures) == ["loki.apply"]


def test_failed_rollout_is_reported_with_last_lines_of_process(azurite_dead: Failed) -> None:
    assert "starting security-all-0" in azurite_dead.result.failures["loki.apply"]
    assert "connection refused" in azurite_dead.result.failures["loki.apply"].partition("Its last lines:")[2]


def test_failed_rollout_rolls_back_applied_stages_in_reverse_order(azurite_dead: Failed) -> None:
    assert list(azurite_dead.result.rolled_back.items()) == [("loki", None), ("storage", None)]
    assert azurite_dead.platform.live("loki") == {}


def test_failed_first_rollout_leaves_no_process_except_supervisord(azurite_dead: Failed) -> None:
    left = [command for command in processes_of(azurite_dead.platform.state) if "supervisor.supervisord" not in command]
    assert left == []


def test_failed_rollout_does_not_delete_stored_data(azurite_dead: Failed) -> None:
    assert list((azurite_dead.platform.state / "data/azurite").iterdir()) != []


def test_missing_secret_is_reported_with_connection_and_variable(tmp_path: Path) -> None:
    wanted = environment(
        "local",
        ("platform.base_port", free_base_port()),
        ("storage_accounts.main.account_key", {"connection": "main_storage"}),
    )
    platform = open_local(wanted, tmp_path)
    result = roll_out(platform, "run", print)
    assert list(result.failures) == ["storage.apply"]
    assert (
        "Airflow connection 'main_storage' is not known on this machine. Set the variable"
        in result.failures["storage.apply"]
    )
    assert processes_of(platform.state) == []
