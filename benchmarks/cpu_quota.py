"""Give each process of a benchmark its own limit of processor time, as a pod has on Kubernetes.

Uses Linux control groups (kernel documentation: cgroup-v1 `cpu.cfs_quota_us`, cgroup-v2 `cpu.max`). Needs root.

All figures were measured with version 1. The lines for version 2 follow its documentation and were never run.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PERIOD_US = 10_000
"""Kubernetes uses 100 ms. A shorter period makes short measurements steadier."""
_ROOT = Path("/sys/fs/cgroup")


class QuotaError(Exception):
    """This machine does not let this user limit processor time."""


@contextmanager
def limited(pids: Iterable[int], cores: float) -> Iterator[None]:
    """Limit each process to `cores` while the block runs. Processes that still run get their time back.

    Raises QuotaError if control groups cannot be created.
    """
    parent = _own_group()
    groups: list[Path] = []
    try:
        for pid in pids:
            group = parent / f"logops-{os.getpid()}-{pid}"
            try:
                group.mkdir()
                groups.append(group)
                _set_quota(group, int(cores * PERIOD_US))
                (group / "cgroup.procs").write_text(str(pid))
            except OSError as error:
                raise QuotaError(
                    f"limiting process {pid} to {cores} cores: {error}. Run as root on Linux, or use --quota 0"
                ) from error
        yield
    finally:
        for group in groups:
            _remove(group, parent)


def _own_group() -> Path:
    """Return this process's group of the controller `cpu`."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(","):
            return _ROOT / "cpu" / path.lstrip("/")
    if (_ROOT / "cgroup.controllers").exists():
        return _ROOT
    raise QuotaError("limiting processor time: no control group `cpu` found below /sys/fs/cgroup. Use --quota 0")


def _set_quota(group: Path, quota_us: int) -> None:
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        return
    (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (group / "cpu.cfs_quota_us").write_text(str(quota_us))


def _remove(group: Path, parent: Path) -> None:
    """Move the group's processes to its parent, then remove it."""
    for pid in (group / "cgroup.procs").read_text().split():
        with suppress(OSError):
            (parent / "cgroup.procs").write_text(pid)
    for _ in range(50):
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.1)
