"""Measure how long `make up` takes: in a fresh clone, and again.

    python -m benchmarks.make_up            # programs and packages are in the user's caches
    python -m benchmarks.make_up --cold     # empty caches: downloads and builds everything (about 12 GB of disk)

Needs the environment's ports (23100 to 23199) and 8080. Prints the output of `make up`, then the seconds of each run.
Stops everything that it started and removes its folder.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from logops.toolchain import project_root

CACHES = {
    "HOME": "home",
    "XDG_CACHE_HOME": "home/.cache",
    "LOGOPS_CACHE": "home/.cache/logops",
    "UV_CACHE_DIR": "home/.cache/uv",
    "PIP_CACHE_DIR": "home/.cache/pip",
    "GOPATH": "home/go",
    "GOMODCACHE": "home/go/pkg/mod",
    "GOCACHE": "home/.cache/go-build",
    "npm_config_cache": "home/.npm",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="Start with empty caches.")
    cold = parser.parse_args().cold
    folder = Path(tempfile.mkdtemp(prefix="logops-make-up-"))
    clone = folder / "logops"
    # With PYTHONPATH the clone would run this checkout's code, on this checkout's data.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables = {**inherited, **({name: str(folder / place) for name, place in CACHES.items()} if cold else {})}
    (folder / "home").mkdir()
    subprocess.run(["git", "clone", "--quiet", str(project_root()), str(clone)], check=True)
    try:
        first = make("up", clone, variables)
        again = make("up", clone, variables)
        caches = "nothing cached" if cold else "programs and packages cached"
        print(f"\nmake up, {caches}: {first:.0f} s; again: {again:.0f} s")
    finally:
        make("down", clone, variables)
        # Go keeps its module cache read-only.
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
        shutil.rmtree(folder)


def make(target: str, clone: Path, variables: dict[str, str]) -> float:
    """Run a target of the Makefile. Return its seconds. Ends the benchmark if it fails."""
    started = time.monotonic()
    subprocess.run(["make", target], cwd=clone, env=variables, check=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
