"""One grammar for all commands: walks the whole tree of commands."""

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
HEAVY = ["altair", "duckdb", "numba", "numpy", "pandas", "pyarrow", "scipy"]
"""Packages that take a second to import."""


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
    parse(words[: words.index(">")] if ">" in words else words)


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


def test_help_of_no_command_imports_a_heavy_package() -> None:
    code = f"""
import sys
from typer.testing import CliRunner
from logops.cli import app
for path in {["", *TREE]!r}:
    CliRunner().invoke(app, [*path.split(), "--help"])
    if heavy := set({HEAVY!r}) & set(sys.modules):
        sys.exit(f"logops {{path}} --help imports {{heavy}}")
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_version_is_printed() -> None:
    from logops import __version__

    assert CliRunner().invoke(app, ["--version"]).stdout == f"logops {__version__}\n"
