"""The hooks for pre-commit: their commands exist, and they read the files that people have."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from logops.cli import app

HOOKS = {
    hook["id"]: hook for hook in yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
}


@pytest.mark.parametrize("name", HOOKS)
def test_entry_of_hook_is_a_command_with_its_options(name: str) -> None:
    program, *arguments = HOOKS[name]["entry"].split()
    result = CliRunner().invoke(app, [*arguments, "--help"])

    assert program == "logops"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("name", "file", "is_read"),
    [
        ("logops-doctor", "clusters/loki-values.yaml", True),
        ("logops-doctor", "Promtail.yml", True),
        ("logops-doctor", "agents/fluent-bit.conf", True),
        ("logops-doctor", "loki/README.md", False),
        ("logops-doctor", "loki/other.yaml", False),
        ("logql-lint", "queries/errors.logql", True),
        ("logql-lint", "include/logql/rules/security.yaml", True),
        ("logql-lint", "dashboards/loki.json", True),
        ("logql-lint", "values.yaml", False),
    ],
)
def test_hook_reads_files_by_name(name: str, file: str, is_read: bool) -> None:
    assert bool(re.search(HOOKS[name]["files"], file)) == is_read
