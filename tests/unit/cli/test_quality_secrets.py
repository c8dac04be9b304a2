"""Tests of `logops quality secrets`: the text and the exit status that a person gets."""

from pathlib import Path

from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.console import BAD_INPUT, FOUND, OK

PASSWORD = "Tr0ub4dor&3"


def quality_secrets(file: str, lines: str = "") -> Result:
    return CliRunner().invoke(app, ["quality", "secrets", file], input=lines)


def test_password_in_standard_input_fails_with_rule_and_line_but_without_value() -> None:
    result = quality_secrets("-", f"ok\npassword={PASSWORD}\n")
    assert result.exit_code == FOUND
    assert result.stdout.split()[-6:] == ["password", "1", "1", "2", "password=[secret:", "password]"]
    assert PASSWORD not in result.output


def test_file_without_secrets_passes(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("ok\n")
    result = quality_secrets(str(log))
    assert (result.exit_code, result.stdout) == (OK, "No secrets and no personal data: 1 line, 2 B.\n")


def test_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "app.log"
    result = quality_secrets(str(missing))
    assert (result.exit_code, result.stderr) == (
        BAD_INPUT,
        f"Reading lines: {missing}: No such file or directory.\n",
    )
