"""One grammar for all commands: walks the whole tree of commands."""

import itertools
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from logops.cli import app
from logops.cli.lazy import COMMANDS, load

PROJECT = Path(__file__).parents[3]
ENVIRONMENT = "ENV"
CONTEXT_ONLY = {"logql lint"}
"""Commands about files, which an environment only gives more to know: it is an option."""
HEAVY = (
    "airflow", "altair", "azure", "duckdb", "great_expectations", "logops.environment", "logops.platforms", "numba",
    "numpy", "pandas", "pyarrow", "re2", "requests", "scipy", "supervisor",
)  # fmt: skip
"""Packages that take long to import. Not pydantic, because typer itself imports it; `logops.environment` builds models
with it, which takes longer."""
COMPLETE = {"_LOGOPS_COMPLETE": "complete_bash"}
LINES_THAT_RUN_NOTHING: dict[str, tuple[str, dict[str, str]]] = {
    "help": ("{path} --help", {}),
    "mistyped option": ("{path} --nonesuch", {}),
    "completion of an option": ("", COMPLETE | {"COMP_WORDS": "logops {path} --", "COMP_CWORD": "{options}"}),
}
"""Command line and variables, by what a person asks for."""


def tree() -> Iterator[tuple[str, Any]]:
    """Yield every command and group with its path."""
    for entry in COMMANDS:
        command = load(entry)
        yield entry.name, command
        for name, child in getattr(command, "commands", {}).items():
            yield f"{entry.name} {name}", child


TREE = dict(tree())
ROOT = typer.main.get_command(app)


def metavar(parameter: Any) -> str:
    return str(parameter.metavar or "")


@pytest.mark.parametrize("path", TREE)
def test_every_option_and_argument_has_a_sentence(path: str) -> None:
    without = [parameter.name for parameter in TREE[path].params if not str(parameter.help or "").endswith(".")]
    assert without == []


@pytest.mark.parametrize("path", TREE)
def test_every_command_has_a_help_text(path: str) -> None:
    assert str(TREE[path].help).rstrip().endswith(".")


@pytest.mark.parametrize("path", ["", *TREE])
def test_every_command_and_group_has_an_example_that_parses(path: str) -> None:
    epilog = (TREE[path] if path else ROOT).epilog
    assert epilog.startswith(f"Example: logops {path}".rstrip())
    words = shlex.split(epilog.removeprefix("Example: logops"))
    # An example can end in a shell: `> FILE`, `| COMMAND`.
    parse(list(itertools.takewhile(lambda word: word not in (">", "|"), words)))


def parse(words: list[str]) -> None:
    """Parse a command line without running it. Raises typer's usage error."""
    command, count = next(
        (TREE[path], path.count(" ") + 1) for path in sorted(TREE, key=len, reverse=True) if starts(words, path)
    )
    with ROOT.make_context("logops", [], resilient_parsing=True) as context:
        command.make_context(words[count - 1], words[count:], parent=context)


def starts(words: list[str], path: str) -> bool:
    return words[: path.count(" ") + 1] == path.split()


@pytest.mark.parametrize("path", TREE)
def test_environment_is_the_first_argument(path: str) -> None:
    visible = [parameter for parameter in TREE[path].params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in visible if parameter.param_type_name == "argument"]
    assert [metavar(argument) for argument in arguments[1:] if metavar(argument) == ENVIRONMENT] == []
    if path not in CONTEXT_ONLY:
        assert [option.name for option in visible if "--environment" in option.opts] == []


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_every_command_is_shown(option: str) -> None:
    for path in TREE:
        assert "Usage: logops" in CliRunner().invoke(app, [*path.split(), option]).stdout, path


@pytest.mark.parametrize("asked", LINES_THAT_RUN_NOTHING)
def test_command_line_that_runs_nothing_imports_no_heavy_package(asked: str) -> None:
    line, variables = LINES_THAT_RUN_NOTHING[asked]
    assert heavy_imports([(line, variables)], ["", *TREE]) == ""


def test_completion_of_an_environment_imports_no_heavy_package() -> None:
    variables = COMPLETE | {"COMP_WORDS": "logops plan pro", "COMP_CWORD": "2"}
    assert heavy_imports([("", variables)], ["plan"]) == ""


def heavy_imports(lines: list[tuple[str, dict[str, str]]], paths: list[str]) -> str:
    """Run command lines for each command in one new process. Return the first that imports a package of HEAVY."""
    code = f"""
import sys
from typer.testing import CliRunner
from logops.cli import app
for path in {paths!r}:
    for line, variables in {lines!r}:
        words = line.format(path=path).split()
        filled = {{key: text.format(path=path, options=len(path.split()) + 1) for key, text in variables.items()}}
        asked = f"logops {{' '.join(words)}} {{filled or ''}}"
        if not CliRunner().invoke(app, words, prog_name="logops", env=filled).output:
            sys.exit(f"{{asked}}: no answer")
        if heavy := set({HEAVY!r}) & set(sys.modules):
            sys.exit(f"{{asked}} imports {{sorted(heavy)}}")
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    return ended.stderr


def test_version_is_printed() -> None:
    from logops import __version__

    assert CliRunner().invoke(app, ["--version"]).stdout == f"logops {__version__}\n"
