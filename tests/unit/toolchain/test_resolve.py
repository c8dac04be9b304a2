"""Tests of the search order for a program, with real files and real processes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from logops import toolchain
from logops.toolchain import PROGRAMS, Origin, ProgramMissingError, ProjectNotFoundError, WrongProgramError
from logops.toolchain.go_module import go_module_entry
from logops.toolchain.npm_package import npm_package_entry
from logops.toolchain.programs import GoModule, NpmPackage
from logops.toolchain.runtimes import NODE, runtime_entry

FakeExecutable = Callable[[Path, str], Path]


@pytest.fixture
def cached_loki() -> Path:
    """A file that cannot run: a program in the cache is trusted by its name and is not started."""
    recipe = PROGRAMS["loki"].recipe
    assert isinstance(recipe, GoModule)
    built = go_module_entry(recipe) / "bin" / "loki"
    built.parent.mkdir(parents=True)
    built.write_text("cannot be run")
    return built


@pytest.fixture
def cached_azurite() -> Path:
    recipe = PROGRAMS["azurite"].recipe
    assert isinstance(recipe, NpmPackage)
    main = npm_package_entry(recipe) / recipe.main
    main.parent.mkdir(parents=True)
    main.write_text("")
    return main


@pytest.fixture
def cached_node() -> Path:
    node = runtime_entry(NODE) / NODE.package_executable
    node.parent.mkdir(parents=True)
    node.write_text("cannot be run")
    return node


def test_program_from_variable_is_preferred_to_path(
    machine: Path, monkeypatch: pytest.MonkeyPatch, fake_executable: FakeExecutable
) -> None:
    fake_executable(machine / "bin/loki", "loki, version 3.7.8")
    own = fake_executable(machine / "own/loki", "loki, version 3.7.8")
    monkeypatch.setenv("LOGOPS_LOKI", str(own))
    found = toolchain.resolve("loki")
    assert (found.origin, found.command) == (Origin.VARIABLE, (str(own),))


def test_wrong_version_in_variable_is_reported_with_required_version(
    machine: Path, monkeypatch: pytest.MonkeyPatch, fake_executable: FakeExecutable, cached_loki: Path
) -> None:
    own = fake_executable(machine / "own/loki", "loki, version 2.9.1")
    monkeypatch.setenv("LOGOPS_LOKI", str(own))
    with pytest.raises(WrongProgramError, match=r"LOGOPS_LOKI is '.*/own/loki', which is version 2\.9\.1;.*3\.7\.8"):
        toolchain.resolve("loki")


def test_variable_with_missing_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGOPS_LOKI_CANARY", "/no/such/file")
    with pytest.raises(WrongProgramError, match=r"LOGOPS_LOKI_CANARY is '/no/such/file', which is not a file"):
        toolchain.resolve("loki-canary")


def test_program_in_variable_without_version_is_refused_with_version_command(
    machine: Path, monkeypatch: pytest.MonkeyPatch, fake_executable: FakeExecutable
) -> None:
    own = fake_executable(machine / "own/lokitool", "hello")
    monkeypatch.setenv("LOGOPS_LOKITOOL", str(own))
    with pytest.raises(WrongProgramError, match=r"gives no version \(`.*/own/lokitool version`\)"):
        toolchain.resolve("lokitool")


def test_program_on_path_is_preferred_to_cache(
    machine: Path, fake_executable: FakeExecutable, cached_loki: Path
) -> None:
    on_path = fake_executable(machine / "bin/loki", "loki, version 3.7.8")
    found = toolchain.resolve("loki")
    assert (found.origin, found.command) == (Origin.PATH, (str(on_path),))


def test_wrong_version_on_path_is_skipped(machine: Path, fake_executable: FakeExecutable, cached_loki: Path) -> None:
    fake_executable(machine / "bin/loki", "loki, version 3.7.80")
    found = toolchain.resolve("loki")
    assert (found.origin, found.command) == (Origin.CACHE, (str(cached_loki),))


def test_missing_program_is_reported_with_ways_to_provide_program(
    machine: Path, fake_executable: FakeExecutable
) -> None:
    fake_executable(machine / "bin/promtail", "promtail, version 2.9.1")
    with pytest.raises(ProgramMissingError) as error:
        toolchain.command("promtail")
    message = str(error.value)
    assert "promtail 3.6.15" in message
    assert "LOGOPS_PROMTAIL=/path/to/promtail" in message
    assert f"{machine}/bin/promtail is on PATH, but its version is 2.9.1" in message
    assert f"{machine}/cache" in message


def test_cached_program_is_not_used_after_lock_file_changes(
    machine: Path, monkeypatch: pytest.MonkeyPatch, cached_loki: Path
) -> None:
    assert toolchain.resolve("loki").origin is Origin.CACHE
    shutil.copytree(toolchain.project_root() / "tools", machine / "home/tools")
    monkeypatch.setenv("LOGOPS_HOME", str(machine / "home"))
    assert toolchain.resolve("loki").origin is Origin.CACHE
    with (machine / "home/tools/loki/go.sum").open("a") as lock:
        lock.write("\n")
    with pytest.raises(ProgramMissingError):
        toolchain.resolve("loki")


def test_azurite_uses_node_on_path_if_new_enough(
    machine: Path, fake_executable: FakeExecutable, cached_azurite: Path, cached_node: Path
) -> None:
    node = fake_executable(machine / "bin/node", "v22.0.0")
    assert toolchain.command("azurite") == (str(node), str(cached_azurite))


def test_azurite_uses_cached_node_if_node_on_path_is_too_old(
    machine: Path, fake_executable: FakeExecutable, cached_azurite: Path, cached_node: Path
) -> None:
    fake_executable(machine / "bin/node", "v20.20.2")
    assert toolchain.command("azurite") == (str(cached_node), str(cached_azurite))


def test_azurite_without_node_is_reported_as_missing(cached_azurite: Path) -> None:
    with pytest.raises(ProgramMissingError, match="azurite"):
        toolchain.command("azurite")


def test_azurite_is_found_on_path_as_azurite_blob(machine: Path, fake_executable: FakeExecutable) -> None:
    on_path = fake_executable(machine / "bin/azurite-blob", "3.37.0")
    assert toolchain.command("azurite") == (str(on_path),)


def test_missing_tools_folder_is_reported_with_variable_to_set(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGOPS_HOME", str(machine / "elsewhere"))
    with pytest.raises(ProjectNotFoundError, match=r"tools/.*LOGOPS_HOME is '.*elsewhere'.*Set LOGOPS_HOME"):
        toolchain.resolve("loki")


@pytest.mark.parametrize(("program", "file"), [("loki", "loki/go.mod"), ("azurite", "azurite/package.json")])
def test_checkout_without_build_file_of_program_is_reported_as_incomplete(
    machine: Path, monkeypatch: pytest.MonkeyPatch, program: str, file: str
) -> None:
    (machine / "tools").mkdir()
    monkeypatch.setenv("LOGOPS_HOME", str(machine))
    with pytest.raises(ProjectNotFoundError, match=rf"There is no .*/tools/{file}, .*: the checkout is incomplete"):
        toolchain.resolve(program)
