"""The promises of every `DeployablePlatform`, as tests. A subclass gives the platform: the fixture `target`."""

from collections.abc import Iterator

import pytest

from logops.platforms.platform import DeployablePlatform, LeaseHeldError
from logops.render import Files
from logops.stages import Stage


class PlatformContract:
    """Each test leaves the platform with the first state applied and nobody's lease."""

    stage: Stage = "tenants"

    @pytest.fixture
    def first(self, target: DeployablePlatform) -> Iterator[Files]:
        """The desired state, applied before and after each test."""
        desired = target.desired()[self.stage]
        if target.live(self.stage) != desired:
            target.apply(self.stage, desired, "before", print)
        yield desired
        if target.live(self.stage) != desired:
            target.apply(self.stage, desired, "after", print)

    @pytest.fixture
    def second(self, first: Files) -> Files:
        """Another valid state of the stage."""
        name, text = next(iter(first.items()))
        return Files({**first, name: f"{text}# changed by a test\n"})

    def test_applied_state_is_live(self, target: DeployablePlatform, second: Files) -> None:
        target.apply(self.stage, second, "run", print)
        assert target.live(self.stage) == second

    def test_apply_adds_a_revision_with_owner_and_digest(self, target: DeployablePlatform, second: Files) -> None:
        before = target.revisions(self.stage)
        revision = target.apply(self.stage, second, "run", print)
        assert target.revisions(self.stage) == [*before, revision]
        assert (revision.owner, revision.digest) == ("run", second.digest)
        assert revision.number > max((old.number for old in before), default=0)

    def test_rollback_returns_to_the_last_revision_of_another_owner(
        self, target: DeployablePlatform, first: Files, second: Files
    ) -> None:
        target.apply(self.stage, second, "failing", print)
        revision = target.roll_back(self.stage, "failing", print)
        assert target.live(self.stage) == first
        assert revision is not None
        assert revision.owner != "failing"
        assert revision.digest == first.digest

    def test_rollback_only_adds_to_the_history(self, target: DeployablePlatform, second: Files) -> None:
        target.apply(self.stage, second, "failing again", print)
        before = target.revisions(self.stage)
        target.roll_back(self.stage, "failing again", print)
        after = target.revisions(self.stage)
        assert after[: len(before)] == before
        assert len(after) == len(before) + 1

    def test_rollback_of_a_run_that_applied_nothing_changes_nothing(
        self, target: DeployablePlatform, first: Files
    ) -> None:
        before = target.revisions(self.stage)
        assert target.roll_back(self.stage, "applied nothing", print) is None
        assert target.revisions(self.stage) == before
        assert target.live(self.stage) == first

    def test_lease_is_refused_while_another_run_holds_it(self, target: DeployablePlatform) -> None:
        target.acquire_lease("one run")
        try:
            with pytest.raises(LeaseHeldError, match="one run"):
                target.acquire_lease("another run")
        finally:
            target.release_lease("one run")

    def test_lease_of_a_living_process_is_refused_to_another_run(self, target: DeployablePlatform) -> None:
        target.acquire_lease("one run", one_process=True)
        try:
            with pytest.raises(LeaseHeldError, match="one run"):
                target.acquire_lease("another run", one_process=True)
        finally:
            target.release_lease("one run")

    def test_lease_can_be_acquired_again_by_its_owner(self, target: DeployablePlatform) -> None:
        target.acquire_lease("one run")
        target.acquire_lease("one run")
        target.release_lease("one run")
        target.acquire_lease("another run")
        target.release_lease("another run")

    def test_rollout_runs_while_a_run_holds_the_lease(self, target: DeployablePlatform) -> None:
        before = target.rollout_since()
        target.acquire_lease("one run")
        try:
            during = target.rollout_since()
        finally:
            target.release_lease("one run")

        assert (before, during is not None, target.rollout_since()) == (None, True, None)

    def test_lease_is_not_released_by_another_run(self, target: DeployablePlatform) -> None:
        target.acquire_lease("one run")
        target.release_lease("another run")
        try:
            with pytest.raises(LeaseHeldError):
                target.acquire_lease("another run")
        finally:
            target.release_lease("one run")
