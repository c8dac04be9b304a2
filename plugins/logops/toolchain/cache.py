"""The cache of built programs: one folder per build, named by everything that went into it.

    ~/.cache/logops/loki-3.7.8-linux-x86_64-1a2b3c4d5e6f/          complete, because it has this name
    ~/.cache/logops/loki-3.7.8-linux-x86_64-1a2b3c4d5e6f.build-42  being built by process 42, or left by it
    ~/.cache/logops/loki-3.7.8-linux-x86_64-1a2b3c4d5e6f.lock      locked during a build; contains the builder's pid

A folder gets its name when it is complete.
"""

import asyncio
import fcntl
import glob
import hashlib
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

from logops.toolchain.progress import Progress, step

_WAIT_SECONDS = 0.2
_REMOVE_SECONDS = 15


def cache_folder() -> Path:
    """Return `$LOGOPS_CACHE`, else `logops` in the user's cache folder (XDG Base Directory: `$XDG_CACHE_HOME`,
    ~/.cache)."""
    if configured := os.environ.get("LOGOPS_CACHE"):
        return Path(configured).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "logops"


def fingerprint(files: Iterable[Path], recipe: str) -> str:
    """Return 12 hex digits of the files' contents and the recipe: another lock file or flag is another build."""
    digest = hashlib.sha256(hashlib.sha256(recipe.encode()).digest())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def entry(name: str, version: str, *parts: str) -> Path:
    """Return the folder of a build in the cache, whether it exists or not. It depends on the kind of machine."""
    return cache_folder() / "-".join((name, version, sysconfig.get_platform(), *parts))


@asynccontextmanager
async def filling(target: Path, waiting: Callable[[str], None]) -> AsyncIterator[Path | None]:
    """Lock the entry `target` and yield a new folder, which becomes `target` if the block succeeds.

    Yields None if the entry exists, because another process built it meanwhile. `waiting` is told which process. A
    block that fails leaves nothing; a killed one leaves a folder that the next build removes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("a+") as lock:
        await _hold(lock, waiting)
        if target.is_dir():
            yield None
            return
        for left_over in target.parent.glob(glob.escape(target.name) + ".build-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        folder = target.with_name(f"{target.name}.build-{os.getpid()}")
        folder.mkdir(exist_ok=True)
        try:
            yield folder
            folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kept(folder: Path, progress: Progress, is_needed: Callable[[], bool]) -> Iterator[None]:
    """Share a folder with builds of other processes.

    The last one that succeeds removes it, unless another build will still need it. If a build fails or is interrupted,
    the folder stays, so that the next build continues from there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if folder.is_dir() and not is_needed():
            with step(f"remove {folder.name}, which is no longer needed", _REMOVE_SECONDS, progress):
                shutil.rmtree(folder, ignore_errors=True)


async def _hold(lock: IO[str], waiting: Callable[[str], None]) -> None:
    # The kernel releases the lock when its holder ends, however it ends.
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            lock.seek(0)
            waiting(f"process {lock.read().strip() or 'unknown'}")
            await asyncio.sleep(_WAIT_SECONDS)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
