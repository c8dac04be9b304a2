"""Tests of `logops quality secrets`: the text and the exit status that a person gets."""

import gzip
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.console import BAD_INPUT, FOUND, OK

RULES = Path(__file__).parents[3] / "include" / "secrets"
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


def test_file_in_gzip_is_searched(tmp_path: Path) -> None:
    log = tmp_path / "app.log.gz"
    log.write_bytes(gzip.compress(f"ok\npassword={PASSWORD}\n".encode()))
    result = quality_secrets(str(log))
    assert (result.exit_code, result.stdout.split()[-6:-2]) == (FOUND, ["password", "1", "1", "2"])


def test_file_in_gzip_that_ends_early_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "app.log.gz"
    log.write_bytes(gzip.compress(b"ok\n" * 1_000)[:-12])
    result = quality_secrets(str(log))
    assert (result.exit_code, result.stderr) == (
        BAD_INPUT,
        f"Reading lines: {log}: the compressed data has no end. Copy the file again.\n",
    )


def test_file_in_another_compression_is_refused_with_the_command_that_reads_it(tmp_path: Path) -> None:
    log = tmp_path / "app.log.zst"
    log.write_bytes(b"\x28\xb5\x2f\xfd\x00\x01")
    result = quality_secrets(str(log))
    assert (result.exit_code, result.stderr) == (
        BAD_INPUT,
        f"Reading lines: {log}: it is compressed. Use: `zstd -dc {log} | logops quality secrets -`.\n",
    )


def test_bytes_that_are_not_utf_8_are_shown_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"caf\xe9 password=" + PASSWORD.encode())
    assert r"caf\xe9 password=[secret: password]" in quality_secrets(str(log)).stdout


def test_mistake_in_rules_is_refused_with_file_line_and_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tools", "include"):
        (tmp_path / name).mkdir()
    shutil.copytree(RULES, tmp_path / "include" / "secrets")
    rules = tmp_path / "include" / "secrets" / "personal-data.toml"
    rules.write_text('title = "test"\n[[rules]]\nid = "x"\ndescription = "x"\nsource = "https://a"\nregex = "("\n')
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    result = quality_secrets("-", "ok\n")
    assert (result.exit_code, result.stderr) == (
        BAD_INPUT,
        "Reading rules for secrets: include/secrets/personal-data.toml:2: rule x: regex: missing ): (. Correct it; the "
        "syntax is RE2's, without look-around.\n",
    )
