"""Completion in the shell, as bash asks for it."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from logops.cli import app

TODAY = int(datetime.now(UTC).timestamp()) // 86_400


def completed(line: str) -> list[str]:
    """Return what bash offers for the last word of a line."""
    count = len(line.split(" ")) - 1
    variables = {"_LOGOPS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)}
    return CliRunner().invoke(app, [], prog_name="logops", env=variables).stdout.split()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("logops pl", {"plan"}),
        ("logops plan pro", {"production"}),
        ("logops query local err", {"error-rate", "errors", "errors-by-code"}),
        ("logops bench run local --query lat", {"latency"}),
        ("logops audit explain local 2026-11-23 appl", {"application"}),
        ("logops toolchain promta", {"promtail"}),
        ("logops plan nowhere-", set()),
        ("logops audit retention nowhere --table loki", set()),
    ],
)
def test_name_is_completed(line: str, names: set[str]) -> None:
    assert set(completed(line)) == names


@pytest.mark.parametrize("line", ["logops audit retention local --table ", "logops audit explain production "])
def test_table_is_completed_with_the_tables_of_the_last_days(line: str) -> None:
    assert {f"loki_index_{TODAY - 1}", f"loki_index_{TODAY - 80}"} <= set(completed(line))
