"""Versions in the code must equal the versions in the lock files under tools/."""

import json
import re

import pytest

from logops.toolchain import PROGRAMS, project_root
from logops.toolchain.errors import BuildError
from logops.toolchain.go_module import required_go
from logops.toolchain.programs import KUBERNETES_PROGRAMS, GoModule, NpmPackage, Program
from logops.toolchain.runtimes import GO, NODE
from logops.toolchain.versions import numbers

GO_MODULES = sorted(
    {p.recipe for p in PROGRAMS.values() if isinstance(p.recipe, GoModule)}, key=lambda r: (r.folder, r.packages)
)
MODULES = {
    "prometheus": ("prometheus/prometheus", "0.312.0"),
    "alertmanager": ("prometheus/alertmanager", "0.31.1"),
}
"""Modules other than Loki's, each with its Go module version, which differs from the program's version."""
AZURITE = PROGRAMS["azurite"].recipe
PINNED = {
    "promtail": {"github.com/grafana/loki/v3", "github.com/grafana/dskit"},
    "prometheus": {"github.com/prometheus/prometheus"},
    "alertmanager": {"github.com/prometheus/alertmanager"},
}
"""The modules whose version is the program's own; of all others the programs share the version, and so the build."""


def go_mod(recipe: GoModule) -> str:
    return (project_root() / "tools" / recipe.folder / "go.mod").read_text()


@pytest.mark.parametrize("recipe", GO_MODULES, ids=lambda recipe: recipe.folder)
def test_go_mod_requires_version_of_recipe(recipe: GoModule) -> None:
    module, version = MODULES.get(recipe.folder, ("grafana/loki/v3", recipe.version))
    assert re.findall(rf"github\.com/{module} v(\S+)", go_mod(recipe)) == [version]


def packages(recipe: GoModule) -> list[str]:
    """Return the packages in the tool lines of a recipe's go.mod."""
    return re.findall(r"^(?:tool|\t)\s*(github\.com/\S+/cmd/\S+)$", go_mod(recipe), re.MULTILINE)


def requirements(folder: str) -> dict[str, str]:
    """Return the version of every module that a go.mod in tools/ requires."""
    text = (project_root() / "tools" / folder / "go.mod").read_text()
    return dict(re.findall(r"^\t(\S+) (v\S+) // indirect$", text, re.MULTILINE))


@pytest.mark.parametrize("folder", sorted({recipe.folder for recipe in GO_MODULES}))
def test_go_mod_tool_lines_name_programs_of_recipes(folder: str) -> None:
    recipes = [recipe for recipe in GO_MODULES if recipe.folder == folder]
    tools = [package.rpartition("/")[2] for package in packages(recipes[0])]
    assert sorted(tools) == sorted(name for name, program in PROGRAMS.items() if program.recipe in recipes)


def test_packages_of_loki_recipes_are_the_tool_lines_of_go_mod() -> None:
    loki = [recipe for recipe in GO_MODULES if recipe.folder == "loki"]
    assert sorted(package for recipe in loki for package in recipe.packages) == sorted(packages(loki[0]))


@pytest.mark.parametrize("folder", sorted(PINNED))
def test_go_mod_requires_the_versions_that_loki_requires(folder: str) -> None:
    loki, own = requirements("loki"), requirements(folder)
    differing = {name for name, version in own.items() if name in loki and loki[name] != version}
    assert differing == PINNED[folder]


@pytest.mark.parametrize("program", KUBERNETES_PROGRAMS.values(), ids=lambda program: program.name)
def test_go_mod_of_kubernetes_requires_and_builds_the_program(program: Program) -> None:
    recipe = program.recipe
    assert isinstance(recipe, GoModule)
    text = go_mod(recipe)
    for package in recipe.packages:
        assert f"\t{package}\n" in text
        (version,) = [
            version
            for module, version in requirements(recipe.folder).items()
            if package.startswith(f"{module}/") or package == module
        ]
        assert version == f"v{program.version}"


@pytest.mark.parametrize("recipe", GO_MODULES, ids=lambda recipe: recipe.folder)
def test_go_from_pypi_is_new_enough_for_go_mod(recipe: GoModule) -> None:
    assert numbers(GO.package_version) >= numbers(required_go(go_mod(recipe)))


def test_azurite_lock_file_has_version_and_node_of_recipe() -> None:
    assert isinstance(AZURITE, NpmPackage)
    lock = json.loads((project_root() / "tools/azurite/package-lock.json").read_text())
    locked = lock["packages"]["node_modules/azurite"]
    assert locked["version"] == AZURITE.version
    assert locked["engines"]["node"] == f">={AZURITE.node}"
    assert numbers(NODE.package_version) >= numbers(AZURITE.node)


def test_program_variable_contains_program_name() -> None:
    assert PROGRAMS["loki-canary"].variable == "LOGOPS_LOKI_CANARY"


def test_go_mod_without_go_line_is_refused() -> None:
    with pytest.raises(BuildError, match="no line `go VERSION`"):
        required_go("module m\n")
