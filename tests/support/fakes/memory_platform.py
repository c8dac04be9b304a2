"""A platform in memory, without processes: a fake of `DeployablePlatform`. The contract tests also run on it."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from logops.environment import Environment
from logops.environment.cluster import Data
from logops.platforms.platform import FileChange, LeaseHeldError, PlatformError, ProcessStatus, Progress, Revision
from logops.platforms.preview import NO_PREVIEW, Preview
from logops.render import STAGES, Files, Stage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class MemoryPlatform:
    """Fake of `logops.platforms.platform.DeployablePlatform`, for tests of rollout decisions."""

    def __init__(self, environment: Environment, desired: Mapping[Stage, Files]) -> None:
        self.environment = environment
        self.wanted = dict(desired)
        self.at: dict[Stage, Files] = {stage: Files({}) for stage in STAGES}
        self.history: dict[Stage, list[tuple[Revision, Files]]] = {stage: [] for stage in STAGES}
        self.owner: str | None = None
        self.owner_since = NOON
        self.owner_is_dead = False
        self.previews: dict[Stage, Preview] = {}
        self.breaks: set[Stage] = set()
        self.did: list[str] = []
        self.changes: dict[str, FileChange] = {}
        self.alertmanagers: dict[Data, tuple[str, ...]] = {}

    def desired(self) -> dict[Stage, Files]:
        return dict(self.wanted)

    def live(self, stage: Stage) -> Files:
        return self.at[stage]

    def preview(self, stage: Stage, files: Files) -> Preview:
        return self.previews.get(stage, NO_PREVIEW)

    def apply(self, stage: Stage, files: Files, owner: str, progress: Progress) -> Revision:
        self.did.append(f"apply {stage}")
        revision = Revision(stage, len(self.history[stage]) + 1, files.digest, owner, NOON)
        self.history[stage].append((revision, files))
        if stage in self.breaks:
            self.at[stage] = Files({**self.at[stage], "half": "done"})
            raise PlatformError(f"starting main-{stage}-0: FATAL; its last lines: boom")
        self.at[stage] = files
        return revision

    def revision_files(self, revision: Revision) -> Files:
        return next(files for applied, files in self.history[revision.stage] if applied == revision)

    def last_change(self, file: str) -> FileChange | None:
        return self.changes.get(file)

    def lease_owner(self) -> str | None:
        return None if self.owner_is_dead else self.owner

    def revisions(self, stage: Stage) -> list[Revision]:
        return [revision for revision, _ in self.history[stage]]

    def roll_back(self, stage: Stage, owner: str, progress: Progress) -> Revision | None:
        self.did.append(f"roll back {stage}")
        history = self.history[stage]
        if not history or history[-1][0].owner != owner:
            return None
        target = next((entry for entry in reversed(history) if entry[0].owner != owner), None)
        files = target[1] if target else Files({})
        if history[-1][0].digest != files.digest:
            history.append((Revision(stage, len(history) + 1, files.digest, owner, NOON), files))
        self.at[stage] = files
        return target[0] if target and files else None

    def acquire_lease(self, owner: str, *, one_process: bool = False) -> str:
        takeover = ""
        if self.owner not in (None, owner):
            if not self.owner_is_dead:
                raise LeaseHeldError(f"held by {self.owner}")
            takeover = f"Taking the lease over from {self.owner}."
        self.owner, self.owner_is_dead = owner, False
        return takeover

    def release_lease(self, owner: str) -> bool:
        held = self.owner == owner
        if held:
            self.owner = None
        return held

    def processes(self) -> list[ProcessStatus]:
        return []

    def last_lines(self, process: str, count: int = 20) -> list[str]:
        return ["boom"]

    def urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def ring_members(self, cluster: str) -> Collection[str]:
        return ()

    def gateway_url(self, cluster: str) -> str | None:
        return None

    def read_url(self, cluster: str) -> str:
        raise NotImplementedError

    def alertmanager_urls(self, audience: Data) -> tuple[str, ...]:
        return self.alertmanagers.get(audience, ())

    def distributor_urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def agent_urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def write_url(self, cluster: str) -> str:
        raise NotImplementedError

    def ruler_url(self, cluster: str) -> str:
        raise NotImplementedError

    def prometheus_url(self, cluster: str) -> str | None:
        raise NotImplementedError

    def alerting_prometheus_urls(self) -> tuple[str, ...]:
        return ()

    def writable_sources(self) -> Collection[str]:
        return self.environment.sources

    def write_line(self, source: str, text: str) -> None:
        raise NotImplementedError

    def salt_secret(self) -> str | None:
        return None

    def rollout_since(self) -> datetime | None:
        return self.owner_since if self.owner and not self.owner_is_dead else None

    def lifecycle_policy(self, account: str) -> Mapping[str, object]:
        raise NotImplementedError

    def preview_accounts(self, files: Files) -> Preview:
        return NO_PREVIEW

    def object_store(self, account: str) -> object:
        raise NotImplementedError
