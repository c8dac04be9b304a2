"""What the code says of versions is what the lock files under tools/ say."""

import json
import re

import pytest

from logops.toolchain import PROGRAMS, project_root
from logops.toolchain.errors import BuildError
from logops.toolchain.go_module import required_go
from logops.toolchain.programs import GoModule, NpmPackage
from logops.toolchain.runtimes import GO, NODE
from logops.toolchain.versions import numbers

GO_MODULES = sorted({p.recipe for p in PROGRAMS.values() if isinstance(p.recipe, GoModule)}, key=lambda r: r.folder)
MODULES = {"prometheus": ("prometheus/prometheus", "0.305.0")}
"""Those that are not Loki's, with the version that Go's rules make of the program's."""
AZURITE = PROGRAMS["azurite"].recipe


def go_mod(recipe: GoModule) -> str:
    return (project_root() / "tools" / recipe.folder / "go.mod").read_text()


@pytest.mark.parametrize("recipe", GO_MODULES, ids=lambda recipe: recipe.folder)
def test_the_modules_lock_has_the_version(recipe: GoModule) -> None:
    module, version = MODULES.get(recipe.folder, ("grafana/loki/v3", recipe.version))
    assert re.findall(rf"github\.com/{module} v(\S+)", go_mod(recipe)) == [version]


@pytest.mark.parametrize("recipe", GO_MODULES, ids=lambda recipe: recipe.folder)
def test_the_modules_tool_lines_name_the_programs(recipe: GoModule) -> None:
    tools = re.findall(r"^(?:tool|\t)\s*github\.com/\S+/cmd/(\S+)$", go_mod(recipe), re.MULTILINE)
    assert sorted(tools) == sorted(name for name, program in PROGRAMS.items() if program.recipe == recipe)


@pytest.mark.parametrize("recipe", GO_MODULES, ids=lambda recipe: recipe.folder)
def test_the_go_from_pypi_is_new_enough(recipe: GoModule) -> None:
    assert numbers(GO.package_version) >= numbers(required_go(go_mod(recipe)))


def test_azurites_lock_has_its_version_and_the_node_it_asks_for() -> None:
    assert isinstance(AZURITE, NpmPackage)
    lock = json.loads((project_root() / "tools/azurite/package-lock.json").read_text())
    locked = lock["packages"]["node_modules/azurite"]
    assert locked["version"] == AZURITE.version
    assert locked["engines"]["node"] == f">={AZURITE.node}"
    assert numbers(NODE.package_version) >= numbers(AZURITE.node)


def test_a_variable_is_named_after_its_program() -> None:
    assert PROGRAMS["loki-canary"].variable == "LOGOPS_LOKI_CANARY"


def test_a_go_mod_without_a_go_line_is_refused() -> None:
    with pytest.raises(BuildError, match="no line `go VERSION`"):
        required_go("module m\n")
