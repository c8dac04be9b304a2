"""The faults that a drill makes on a running local environment, and their repair.

A fault is a value that is written to a file before it is made, so that another process can repair it. `repair` may run
twice, and after a fault that was made only in part.
"""

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol

from logops.clients.loki import LokiClient, nanoseconds
from logops.environment.quality import Quality
from logops.environment.sources import Source
from logops.logql.build import stream
from logops.number_text import age_text
from logops.platforms.local import LocalPlatform
from logops.platforms.local.atomic import write_text, writing
from logops.platforms.local.supervisord import Supervisord
from logops.platforms.platform import Progress
from logops.quickstart.errors import DrillFailedError
from logops.render import Files, Stage

_PAUSE_S = 0.5
_WAIT_S = 120.0


class Fault(Protocol):
    """One thing that is broken on purpose."""

    kind: ClassVar[str]

    @property
    def text(self) -> str:
        """The fault as an order: `Stop the process main-compactor-0.`"""

    @property
    def repair_text(self) -> str:
        """Its repair as an order: `Start it again.`"""

    @property
    def steps(self) -> tuple[str, str]:
        """Names of the fault and of its repair in the list of steps."""

    def make(self, platform: LocalPlatform, progress: Progress) -> None:
        """Make the fault, and wait until a check can see it."""

    def repair(self, platform: LocalPlatform, progress: Progress) -> None:
        """Repair the fault if it is there, and wait until a check can see the repair."""


@dataclass(frozen=True)
class StoppedProcess:
    """A process that was stopped."""

    kind: ClassVar[str] = "stopped-process"
    process: str

    @property
    def text(self) -> str:
        return f"Stop the process {self.process}."

    @property
    def repair_text(self) -> str:
        return f"Start the process {self.process} again."

    @property
    def steps(self) -> tuple[str, str]:
        return f"stop {self.process}", f"start {self.process}"

    def make(self, platform: LocalPlatform, progress: Progress) -> None:
        stop_process(platform, self.process, progress)

    def repair(self, platform: LocalPlatform, progress: Progress) -> None:
        start_process(platform, self.process, progress)


@dataclass(frozen=True)
class DeletedChunk:
    """A chunk that was deleted from its container. Its bytes are kept in a file."""

    kind: ClassVar[str] = "deleted-chunk"
    account: str
    container: str
    chunk: str
    kept: str
    """Path of the file with its bytes."""

    @property
    def text(self) -> str:
        return f"Delete the chunk {self.chunk} from the container {self.container}. A copy is kept in {self.kept}."

    @property
    def repair_text(self) -> str:
        return "Put the chunk back from its copy."

    @property
    def steps(self) -> tuple[str, str]:
        return "delete the chunk", "put the chunk back"

    def make(self, platform: LocalPlatform, progress: Progress) -> None:
        with platform.object_store(self.account) as store:
            container = store.container(self.container)
            _keep(Path(self.kept), container.read(self.chunk))
            progress("deleting the chunk")
            container.delete([self.chunk])

    def repair(self, platform: LocalPlatform, progress: Progress) -> None:
        kept = Path(self.kept)
        with platform.object_store(self.account) as store:
            container = store.container(self.container)
            # A chunk that is there was not deleted yet: its copy may be incomplete.
            if container.exists([self.chunk]) == [False] and kept.is_file():
                progress("putting the chunk back")
                container.write(self.chunk, kept.read_bytes())
        kept.unlink(missing_ok=True)


@dataclass(frozen=True)
class WrongPath:
    """A path in the configuration of an agent that no longer matches the file of a source."""

    kind: ClassVar[str] = "wrong-path"
    source: str
    path: str
    file: str
    """The agent's configuration, as the stage `agents` names it."""
    owner: str
    """The name under which the change is in the history of the stage."""

    @property
    def text(self) -> str:
        return f"Edit {self.file}, as by a typing error: the agent reads {self.path}.typo for the source {self.source}."

    @property
    def repair_text(self) -> str:
        return f"Roll the agents back to the configuration before. The lines that waited in {self.path} are then sent."

    @property
    def steps(self) -> tuple[str, str]:
        return f"let {self.source} fall silent", "roll the agents back"

    def make(self, platform: LocalPlatform, progress: Progress) -> None:
        changed_stage(
            platform,
            "agents",
            self.file,
            lambda text: text.replace(self.path, f"{self.path}.typo"),
            self.owner,
            progress,
        )
        source = platform.environment.sources[self.source]
        wait_until(
            lambda: _is_noticed(platform, source),
            lambda: (
                f"silent for {age_text(_silence(platform, source).total_seconds())}, allowed {source.longest_silence}"
            ),
            progress,
            silence_wait_s(source, platform.environment.quality),
        )

    def repair(self, platform: LocalPlatform, progress: Progress) -> None:
        platform.roll_back("agents", self.owner, progress)
        source = platform.environment.sources[self.source]
        # The newest line must be as new as any other: the agent has then sent those that waited.
        wait_until(
            lambda: _silence(platform, source) < source.longest_silence.timedelta / 2,
            lambda: f"waiting for lines of {self.source}",
            progress,
        )


@dataclass(frozen=True)
class EditedLimit:
    """A limit of a tenant that was changed by hand in the file that Loki reads again every few seconds."""

    kind: ClassVar[str] = "edited-limit"
    cluster: str
    tenant: str
    limit: str
    before: str
    after: str

    @property
    def text(self) -> str:
        return (
            f"Edit {self._file} by hand: {self.limit} of the tenant {self.tenant} becomes {self.after} instead of "
            f"{self.before}. Loki reads the file again by itself."
        )

    @property
    def repair_text(self) -> str:
        return f"Write {self.before} back into {self._file}. In production, a rollout of the stage `tenants` does this."

    @property
    def steps(self) -> tuple[str, str]:
        return f"change {self.limit}", f"change {self.limit} back"

    @property
    def _file(self) -> str:
        return f"tenants/{self.cluster}.yaml"

    def make(self, platform: LocalPlatform, progress: Progress) -> None:
        self._write(platform, self.before, self.after, progress)

    def repair(self, platform: LocalPlatform, progress: Progress) -> None:
        self._write(platform, self.after, self.before, progress)

    def _write(self, platform: LocalPlatform, before: str, after: str, progress: Progress) -> None:
        """Replace the value in the file, unless it is another one by now. Wait until Loki applies the file's value."""
        file = platform.state / "live" / self._file
        text = file.read_text(encoding="utf-8")
        if limit_in(text, self.tenant, self.limit) == before:
            write_text(file, with_limit(text, self.tenant, self.limit, after))
        value = limit_in(file.read_text(encoding="utf-8"), self.tenant, self.limit)

        def is_applied() -> bool:
            with LokiClient(platform.write_url(self.cluster)) as loki:
                return value is None or float(str(loki.tenant_limits(self.tenant)[self.limit])) == float(value)

        wait_until(is_applied, lambda: f"Loki does not apply {self.limit} {value} yet", progress)


KINDS: Mapping[str, type[Any]] = {kind.kind: kind for kind in (StoppedProcess, DeletedChunk, WrongPath, EditedLimit)}


def to_json(fault: Fault) -> dict[str, str]:
    """Return a fault as plain JSON."""
    return {"kind": fault.kind, **asdict(fault)}  # type: ignore[call-overload]


def from_json(content: Mapping[str, str]) -> Fault:
    """Return the fault of `to_json`. Raises LookupError, TypeError if it is another content."""
    fields = dict(content)
    fault: Fault = KINDS[fields.pop("kind")](**fields)
    return fault


def limit_in(overrides: str, tenant: str, limit: str) -> str | None:
    """Return the value of a tenant's limit in a file of overrides, as it is written; None: it is not there.

    >>> limit_in("overrides:\\n  a:\\n    x: 1\\n  b:\\n    x: 2\\n", "b", "x")
    '2'
    """
    match = _limit_pattern(tenant, limit).search(overrides)
    return match["value"] if match else None


def with_limit(overrides: str, tenant: str, limit: str, value: str) -> str:
    """Return a file of overrides with another value of a tenant's limit.

    >>> with_limit("overrides:\\n  a:\\n    x: 1\\n  b:\\n    x: 2\\n", "a", "x", "9")
    'overrides:\\n  a:\\n    x: 9\\n  b:\\n    x: 2\\n'
    """
    return _limit_pattern(tenant, limit).sub(lambda match: f"{match['head']}{value}", overrides, count=1)


def _limit_pattern(tenant: str, limit: str) -> re.Pattern[str]:
    """Return a pattern for the value of a limit. The lines of a tenant begin with four blanks or more."""
    return re.compile(rf"(?m)^(?P<head>  {re.escape(tenant)}:\n(?:    .*\n)*?    {re.escape(limit)}: )(?P<value>\S+)$")


def stop_process(platform: LocalPlatform, process: str, progress: Progress) -> None:
    """Stop a process, and wait until it has ended. It stays stopped."""
    supervisord = Supervisord(platform.state)

    def is_stopped() -> bool:
        # A process that supervisord is about to start again cannot be stopped yet.
        supervisord.stop_process(process)
        return supervisord.processes()[process].state == "STOPPED"

    wait_until(is_stopped, lambda: f"stopping {process}", progress)


def start_process(platform: LocalPlatform, process: str, progress: Progress) -> None:
    """Start a process unless it runs, and wait until it is ready."""
    supervisord = Supervisord(platform.state)

    def is_ready() -> bool:
        supervised = supervisord.processes()[process]
        if supervised.stopped:
            supervisord.start_process(process)
            return False
        return next(status.ready for status in platform.processes() if status.name == process)

    wait_until(is_ready, lambda: f"starting {process}", progress)


def changed_stage(
    platform: LocalPlatform, stage: Stage, file: str, change: Callable[[str], str], owner: str, progress: Progress
) -> None:
    """Apply a stage with one changed file, as somebody who edits it. Raises ValueError if nothing is changed."""
    files = dict(platform.desired()[stage])
    before = files[file]
    files[file] = change(before)
    if files[file] == before:
        raise ValueError(f"changing {file} of the stage {stage}: nothing was changed")
    platform.apply(stage, Files(files), owner, progress)


def wait_until(
    condition: Callable[[], bool], doing: Callable[[], str], progress: Progress, seconds: float = _WAIT_S
) -> None:
    """Wait for a condition. Raises DrillFailedError if it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        text = doing()
        if time.monotonic() > deadline:
            raise DrillFailedError(f"Waited {seconds:.0f} s: {text}. See `logops status` and `logops logs`.")
        progress(text)
        time.sleep(_PAUSE_S)


def silence_wait_s(source: Source, quality: Quality) -> float:
    """Return the longest time until a check reports the silence of a source, with the time that the agent needs."""
    return _WAIT_S + (source.longest_silence.value + quality.bucket.value) / 1000


def _is_noticed(platform: LocalPlatform, source: Source) -> bool:
    """Whether a check that starts now reports the silence of a source: it counts up to the last whole bucket."""
    bucket_s = platform.environment.quality.bucket.value // 1000
    end = datetime.fromtimestamp(datetime.now(UTC).timestamp() // bucket_s * bucket_s, UTC)
    return end - _newest_line(platform, source) >= source.longest_silence.timedelta


def _silence(platform: LocalPlatform, source: Source) -> timedelta:
    return datetime.now(UTC) - _newest_line(platform, source)


def _newest_line(platform: LocalPlatform, source: Source) -> datetime:
    """Return the time of the newest line of a source in Loki; an hour ago if there is none since then."""
    now = datetime.now(UTC)
    earliest = now - timedelta(hours=1)
    with LokiClient(platform.read_url(source.cluster)) as loki:
        newest = loki.query_logs(
            source.tenant, str(stream(dict(source.labels))), nanoseconds(earliest), nanoseconds(now), limit=1
        )
    return datetime.fromtimestamp(newest[0].timestamp_ns / 1e9, UTC) if newest else earliest


def _keep(file: Path, data: bytes) -> None:
    with writing(file.parent):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
