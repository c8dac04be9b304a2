"""Diagnostics on the terminal, for GitHub and as SARIF."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.console import BAD_INPUT, FOUND, OK
from logops.cli.output.diagnostics import full
from logops.diagnostics.model import Diagnostic, Level, Lines, Position, Rule

ROOT = Path(__file__).parents[3]
STORY = ROOT / "tests/data/story"

RULE = Rule("key-unknown", Level.ERROR, "Loki does not know the key.", remedy="Remove it.")


def logops(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=text)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a Loki configuration in the current folder, with an unknown and a removed key."""
    monkeypatch.chdir(tmp_path)
    Path("loki.yaml").write_text(
        "common: {path_prefix: /loki}\nlimits_config:\n  enforce_metric_name: false\n  retention_perod: 90d\n"
    )
    return "loki.yaml"


def test_full_form_has_position_class_message_line_and_remedy() -> None:
    problem = Diagnostic(RULE, "rinng is no key", "loki.yaml", Position(2, 3), Position(2, 8), "critical")
    assert full(problem, Lines("common:\n  rinng: 1\n"), 80).plain.splitlines() == [
        "loki.yaml:2:3: critical key-unknown rinng is no key",
        "  |",
        "2 |   rinng: 1",
        "  |   ^^^^^",
        "  = help: Remove it.",
    ]


def test_full_form_marks_fixable_problem() -> None:
    assert full(Diagnostic(RULE, "m", "f", fixable=True), None, 80).plain.startswith("f:1:1: error key-unknown [*] m\n")


def test_full_form_on_narrow_terminal_breaks_between_words_only() -> None:
    path = "a/very/long/path-with-hyphens/that-is-wider/than-the-terminal/values.yaml"
    message = "loki.limits_config.retention_stream_of_a_tenant is not a key of Loki"
    lines = full(Diagnostic(RULE, message, path), None, 40).plain.splitlines()

    words = [word for line in lines for word in line.split()]
    assert f"{path}:1:1:" in words
    assert [word for word in message.split() if word not in words] == []


def test_doctor_prints_one_line_per_problem_in_concise_form(config: str) -> None:
    result = logops("doctor", config, "--format", "concise")

    assert result.exit_code == FOUND
    assert (
        "loki.yaml:4:3: limit-unknown [*] limits_config.retention_perod is not a key of Loki "
        "-> Did you mean retention_period?" in result.stdout.splitlines()
    )


def test_doctor_counts_what_migrate_fixes(config: str) -> None:
    result = logops("doctor", config)
    marked = sum(" [*] " in line for line in result.stdout.splitlines())

    assert marked >= 2
    assert f"[*] {marked} of " in result.stderr
    assert result.stderr.endswith("can be fixed with --migrate.\n")


def test_doctor_prints_annotations_for_github(config: str) -> None:
    result = logops("doctor", config, "--format", "github")

    assert result.exit_code == FOUND
    assert "::error file=loki.yaml,line=4,col=3,endLine=4,endColumn=18,title=limit-unknown::" in result.stdout


def test_doctor_prints_sarif(config: str) -> None:
    result = logops("doctor", config, "--format", "sarif")
    (run,) = json.loads(result.stdout)["runs"]

    assert result.exit_code == FOUND
    assert run["tool"]["driver"]["name"] == "logops doctor"
    assert {"limit-unknown", "key-removed"} <= {found["ruleId"] for found in run["results"]}


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_file_that_is_no_yaml_is_a_problem_with_a_position(form: str, tmp_path: Path) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text("limits_config:\n  a: [1\nb: 2\n")
    result = logops("doctor", str(file), "--format", form)

    assert result.exit_code == BAD_INPUT
    assert "file-unreadable" in result.stdout
    assert ("line=3" if form == "github" else '"startLine": 3') in result.stdout


def test_migrate_count_of_several_files_names_the_files() -> None:
    files = [str(STORY / name) for name in ("loki-values.yaml", "security-logs.yaml")]
    result = logops("doctor", *files)

    assert "can be fixed with --migrate, one file at a time: " in result.stderr
    assert all(f" in {file}" in result.stderr for file in files)


RULES = """\
groups:
  - name: a
    rules:
      - record: a:b:c
        expr: sum(rate({a="b"} |~ "x" [5m]))  # why
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    return file


def test_lint_of_a_file_has_the_position_in_the_file(rules: Path) -> None:
    result = logops("logql", "lint", str(rules), "--format", "concise")

    assert result.exit_code == FOUND
    assert result.stdout.startswith(f"{rules}:5:32: regex-for-text [*] ")
    assert result.stderr == "1 query in 1 file: 1 slow part\n[*] 1 of 1 can be fixed with --fix.\n"


def test_lint_fix_writes_the_file_and_passes(rules: Path) -> None:
    rules.chmod(0o640)
    result = logops("logql", "lint", "--fix", str(rules))

    assert result.exit_code == OK
    assert rules.read_text() == RULES.replace('|~ "x"', '|= "x"')
    assert rules.stat().st_mode & 0o777 == 0o640
    assert result.stderr == "1 finding fixed in 1 file.\n1 query in 1 file: no findings\n"


def test_lint_fix_of_standard_input_prints_the_query_only() -> None:
    result = logops("logql", "lint", "--fix", "-", text='{a="b"} |~ "x" |~ "^.*y"  # why\n')

    assert result.exit_code == FOUND
    assert result.stdout == '{a="b"} |= "x" |~ "^.*y"  # why\n'
    assert "any-text-around" in result.stderr


def test_lint_of_a_folder_reads_its_files(rules: Path) -> None:
    (rules.parent / "errors.logql").write_text('{a="b"} |~ "y"\n')
    (rules.parent / "README.md").write_text("not a query")
    result = logops("logql", "lint", str(rules.parent))

    assert "2 queries in 2 files: 2 slow parts" in result.stderr


def test_lint_prints_sarif_for_a_file(rules: Path) -> None:
    (run,) = json.loads(logops("logql", "lint", str(rules), "--format", "sarif").stdout)["runs"]
    (result,) = run["results"]

    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 5
    assert result["message"]["text"].endswith('Better: sum(rate({a="b"} |= "x" [5m]))')


def test_lint_of_a_query_for_github_names_no_file() -> None:
    result = logops("logql", "lint", '{a="b"} |~ "x"', "--format", "github")
    assert result.stdout.startswith("::warning title=regex-for-text::this regular expression is plain text")


def test_lint_checks_every_file_even_if_one_has_no_query_that_parses(rules: Path) -> None:
    broken = rules.parent / "broken.logql"
    broken.write_text("{a=")
    result = logops("logql", "lint", str(broken), str(rules), "--format", "concise")

    assert result.exit_code == BAD_INPUT
    assert [line.split()[1] for line in result.stdout.splitlines()] == ["invalid-query", "regex-for-text"]


def test_lint_of_missing_file_is_refused() -> None:
    result = logops("logql", "lint", "nowhere/rules.yaml")

    assert result.exit_code == BAD_INPUT
    assert result.stderr == "Reading queries: nowhere/rules.yaml: there is no such file or folder.\n"


def test_lint_of_file_without_queries_says_so(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("a: 1\n")
    result = logops("logql", "lint", str(file))

    assert result.exit_code == OK
    assert result.stderr.startswith(f"{file}: no query found.")


def test_better_query_on_narrow_terminal_breaks_outside_of_strings_only() -> None:
    query = 'sum by (service) (rate({job="oversight app", level="in fo"} |= "HTTP Request of all" [5m]))'
    text = full(Diagnostic(RULE, "m", "f", suggestion=query), None, 60).plain
    better = text[text.index("  = better:") :].splitlines()

    assert " ".join("\n".join(better).split()) == f"= better: {query}"
    assert all(len(line) <= 60 and line.count('"') % 2 == 0 for line in better)


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    problem = Diagnostic(RULE, "the key \x1b[2J is unknown", "f", Position(1, 1))
    text = full(problem, Lines("\x1b[2J: 1"), 80).plain

    assert "\x1b" not in text
    assert "1 |  [2J: 1" in text


def test_check_has_the_position_in_the_environment_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = logops("check", "local", "--format", "concise")
    (line,) = result.stdout.splitlines()
    file, number, *_ = line.split(":")

    assert file == "include/environments/local.yaml"
    assert "promtail" in Path(file).read_text().splitlines()[int(number) - 1]
