"""Create the virtualenv .logops/venv with everything in requirements.txt and this project, editable.

Needs only Python and a network. Does nothing, quickly, if requirements.txt and pyproject.toml have not changed. If it
is interrupted, the virtualenv has no stamp, and the next run creates it again.
"""

# Python 3.7 can read this file, so that an old Python can report which Python is needed.
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".logops"
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "logops-stamp"
INPUTS = (ROOT / "requirements.txt", ROOT / "pyproject.toml")


class StepFailedError(Exception):
    """A command failed. The message contains all of its output."""


def main() -> int:
    complaint = what_python_lacks(sys.version_info[:2])
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    STATE.mkdir(exist_ok=True)
    # Passwords, keys and logs are below it.
    STATE.chmod(0o700)
    try:
        with only_one(STATE / "bootstrap.lock"):
            bootstrap()
    except StepFailedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The next run starts this step anew.", file=sys.stderr)
        return 130
    return 0


def remove_link(venv: Path) -> None:
    """Remove a link to another virtualenv. `venv --clear` would empty the folder that it points to."""
    if venv.is_symlink():
        venv.unlink()


def bootstrap() -> None:
    """Update the virtualenv. Create it again if it belongs to another Python or is incomplete."""
    wanted_identity, wanted_inputs = identity(), digest(path.read_bytes() for path in INPUTS)
    found_identity, found_inputs = read_stamp()
    if (found_identity, found_inputs) == (wanted_identity, wanted_inputs):
        return
    STAMP.unlink(missing_ok=True)
    requirements = INPUTS[0].read_text()
    if found_identity != wanted_identity:
        remove_link(VENV)
        run("make the virtualenv .logops/venv", 5, [sys.executable, "-m", "venv", "--clear", str(VENV)])
        run("install uv", 5, [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", uv_pin(requirements)])
    uv = [str(PYTHON), "-m", "uv", "pip"]
    packages = len(re.findall(r"^[a-z0-9]", requirements, re.MULTILINE | re.IGNORECASE))
    # Compile now, so that no later start of a program has to.
    sync = [*uv, "sync", "--compile-bytecode", "--python", str(PYTHON), str(INPUTS[0])]
    run(f"install {packages} packages", 60, sync)
    run("install logops", 5, [*uv, "install", "--python", str(PYTHON), "--no-deps", "--editable", str(ROOT)])
    STAMP.write_text(f"{wanted_identity}\n{wanted_inputs}\n")


def what_python_lacks(version: tuple[int, int]) -> str | None:
    """Return why this Python cannot create the virtualenv, and what to do; None if it can."""
    asked = f"logops needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    if not OLDEST <= version <= NEWEST:
        names = (f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1))
        other = next(filter(None, map(shutil.which, names)), None)
        do = f"Run `make PYTHON={other} ...`." if other else "Install one, and run `make PYTHON=/path/to/it ...`."
        return f"{asked}; {sys.executable} is {version[0]}.{version[1]}. {do}"
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        return (
            f"{sys.executable} cannot make virtualenvs: it lacks {' and '.join(missing)}. On Debian and Ubuntu: "
            f"`sudo apt install python{version[0]}.{version[1]}-venv`. {asked}, and any of them will do: "
            "`make PYTHON=/path/to/it ...`."
        )
    return None


def identity() -> str:
    """Return the Python and the folder of the virtualenv: it works with no other."""
    return f"{sys.version_info[0]}.{sys.version_info[1]} {VENV}"


def digest(contents: Iterator[bytes]) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def read_stamp() -> tuple[str, str]:
    """Return the identity and the digest of the inputs of a complete virtualenv; empty if there is none."""
    if not (STAMP.is_file() and PYTHON.exists()):
        return "", ""
    found_identity, _, found_inputs = STAMP.read_text().strip().partition("\n")
    return found_identity, found_inputs


def uv_pin(requirements: str) -> str:
    """Return the line of requirements.txt that pins uv."""
    found = re.search(r"^uv==\S+", requirements, re.MULTILINE)
    if found is None:
        raise StepFailedError("requirements.txt has no line `uv==VERSION`: run `make lock` where logops is installed.")
    return found.group(0)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock file. Wait if another process holds it."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another bootstrap of this checkout ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(what: str, usual_seconds: int, command: Sequence[str]) -> None:
    """Run a command, and show how long it runs. Raises StepFailedError with all of its output."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            seconds = watch(process, what, usual_seconds, sys.stdout)
        finally:
            # Also ends its child processes, which a Ctrl-C here does not reach.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode != 0:
            output.seek(0)
            raise StepFailedError(f"{output.read()}\nCould not {what}: `{' '.join(command)}` failed, as said above.")
    print(f"{what}: {seconds:.0f} s", flush=True)


def watch(process: subprocess.Popen[bytes], what: str, usual_seconds: int, out: IO[str]) -> float:
    """Wait for the process, on one line that changes if `out` is a terminal. Return the seconds."""
    started = time.monotonic()
    terminal = out.isatty()
    if not terminal:
        print(f"{what} (usually {usual_seconds} s) ...", file=out, flush=True)
    for sign in itertools.cycle("-\\|/"):
        try:
            process.wait(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            if terminal:
                seconds = time.monotonic() - started
                out.write(f"\r\x1b[K{sign} {what}: {seconds:.0f} s, usually {usual_seconds} s")
                out.flush()
    if terminal:
        out.write("\r\x1b[K")
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
