"""Run one command of a build, and leave no process behind."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from logops.toolchain.errors import BuildError, CommandError
from logops.toolchain.progress import State, Step

_KEPT_LINES = 20
_LONGEST_LINE = 1 << 20
_TELL_SECONDS = 0.5


def _ignore(_line: str) -> None:
    pass


async def run_command(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    step: Step,
    on_line: Callable[[str], None] = _ignore,
) -> None:
    """Run `argv` to its end. Report to `step`, and pass each output line to `on_line`.

    If this ends early (Ctrl-C, an error), the command and every process it started are stopped. Raises CommandError
    with the last lines if the exit code is not 0, BuildError if the command cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            process_group=0,
        )
    except OSError as error:
        raise BuildError(f"`{' '.join(argv)}` could not be started: {error}") from error
    assert process.stdout is not None
    last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
    telling = asyncio.create_task(_keep_telling(step))
    try:
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            last_lines.append(line)
            on_line(line)
        exit_code = await process.wait()
    finally:
        telling.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if exit_code != 0:
        raise CommandError(argv, str(cwd), exit_code, last_lines)


async def _keep_telling(step: Step) -> None:
    while True:
        step.report(State.RUNNING)
        await asyncio.sleep(_TELL_SECONDS)
