"""Text, JSON and exit codes of the commands that do not start a process of the platform."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.lazy import COMMANDS
from logops.cli.output.console import BAD_INPUT, FOUND, OK, out
from logops.cli.rules import run_lokitool
from logops.render import STAGES
from logops.toolchain import PROGRAMS, Origin, Resolved

ROOT = Path(__file__).parents[3]
STORY = ROOT / "tests/data/story"


def logops(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate project without queries and rules."""
    for name in ("tools", "include/environments"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def library(project: Path) -> Path:
    """A file of the query library in a separate project."""
    folder = project / "include/logql"
    folder.mkdir()
    return Path(shutil.copy(ROOT / "include/logql/application.yaml", folder))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The environment `local` with one misspelled key."""
    text = (ROOT / "include/environments/local.yaml").read_text()
    file = tmp_path / "broken.yaml"
    file.write_text(text.replace("base_port", "base_prot", 1))
    return file


def test_check_of_valid_environment_passes() -> None:
    assert logops("check", "production").exit_code == OK


def test_check_with_warnings_shows_them_and_passes() -> None:
    result = logops("check", "local")
    assert "agent-end-of-life" in result.stdout
    assert result.exit_code == OK


def test_check_prints_findings_as_json() -> None:
    findings = json.loads(logops("check", "local", "--json").stdout)
    assert [finding["class"] for finding in findings] == ["agent-end-of-life"]


def test_unknown_key_is_reported_with_path_and_suggested_key(broken: Path) -> None:
    result = logops("check", str(broken))
    assert result.exit_code == BAD_INPUT
    assert "platform.base_prot: unknown key: base_port?" in result.stderr


def test_agent_that_cannot_do_what_a_source_asks_for_is_reported_by_check(tmp_path: Path) -> None:
    text = (ROOT / "include/environments/production.yaml").read_text()
    file = tmp_path / "fluent.yaml"
    file.write_text(re.sub(r"kind: alloy(\s+placement: deployment)", r"kind: fluent-bit\1", text))
    result = logops("check", str(file))

    assert result.exit_code == BAD_INPUT
    assert "sources.azure.kind: Fluent Bit cannot take the records of Azure's events apart" in result.stderr


def test_unknown_environment_is_refused_with_names_of_known_environments() -> None:
    result = logops("check", "nowhere")
    assert result.exit_code == BAD_INPUT
    assert "one of: local, production" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("query", "--list"), ("logql", "lint", "--library"), ("logql", "lint", "-e", "local", '{a="b"}')]
)
def test_missing_project_is_reported_with_advice_to_set_logops_home(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    result = logops(*arguments)

    assert result.exit_code == BAD_INPUT
    assert "Set LOGOPS_HOME to a checkout of logops" in result.stderr


def test_schema_command_prints_json() -> None:
    assert json.loads(logops("schema").stdout)["title"] == "logops environment"


def test_doctor_fails_on_errors() -> None:
    result = logops("doctor", str(STORY / "promtail-config.yaml"))
    assert result.exit_code == FOUND
    assert "high-cardinality-label" in result.stdout


def test_doctor_refuses_file_of_unknown_kind(tmp_path: Path) -> None:
    file = tmp_path / "what.yaml"
    file.write_text("some: thing\n")
    result = logops("doctor", str(file))
    assert result.exit_code == BAD_INPUT
    assert "unknown kind of file, with the keys some" in result.stderr


def test_doctor_prints_only_the_migrated_file_to_stdout() -> None:
    file = STORY / "loki-values.yaml"
    result = logops("doctor", "--migrate", str(file))
    assert result.exit_code == OK
    assert result.stdout.startswith("# Migrated to Loki 3.7 by logops")
    migrated, original = yaml.safe_load(result.stdout), yaml.safe_load(file.read_text())
    assert migrated.keys() == original.keys()
    assert {key: migrated[key] for key in migrated if key != "loki"} == {
        key: original[key] for key in original if key != "loki"
    }
    assert migrated["loki"] != original["loki"]


def test_keep_option_that_is_not_a_duration_is_refused() -> None:
    result = logops("doctor", str(STORY / "loki-values.yaml"), "--keep", "ninety")
    assert result.exit_code == BAD_INPUT
    assert "is not a duration" in result.stderr


def test_unknown_stage_is_refused_with_names_of_known_stages() -> None:
    result = logops("plan", "local", "--stage", "lokki")
    assert result.exit_code == BAD_INPUT
    assert ", ".join(STAGES) in result.stderr


NOT_LOCAL = (
    "Environment production is for Kubernetes. logops cannot start or stop it, and its logs are in `kubectl logs`."
)


@pytest.mark.parametrize(
    "arguments", [("logs", "production"), ("down", "production"), ("quickstart", "up", "production")]
)
def test_command_that_needs_a_local_environment_refuses_kubernetes_in_one_line(arguments: tuple[str, ...]) -> None:
    result = logops(*arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (BAD_INPUT, "", 1)
    assert result.stderr.startswith(NOT_LOCAL)


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "production"),
        ("plan", "production", "--json"),
        ("up", "production", "--yes"),
        ("unlock", "production"),
        ("status", "production"),
        ("status", "production", "--json"),
    ],
)
def test_rollout_on_kubernetes_without_a_login_is_refused_in_one_line(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    result = logops(*arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (BAD_INPUT, "", 1)
    assert "there is no such file. Correct it." in result.stderr


def test_status_without_an_api_server_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}]}
    context = {"contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}], "current-context": "a"}
    kubeconfig = {"apiVersion": "v1", "kind": "Config", **cluster, **context, "users": [{"name": "a", "user": {}}]}
    (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("logops.platforms.kubernetes.api.RETRY_FOR_S", 0.0)
    result = logops("status", "production")

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (FOUND, "", 1)
    assert "the API server does not answer" in result.stderr


def test_rights_of_a_rollout_are_roles_bound_to_the_service_account_in_every_namespace() -> None:
    result = logops("rights", "production", "--account", "deployer", "--account-namespace", "tools")
    objects = list(yaml.safe_load_all(result.stdout))

    assert [(each["kind"], each["metadata"].get("namespace")) for each in objects] == [
        ("Role", "monitoring"),
        ("RoleBinding", "monitoring"),
        ("Role", "security-logs"),
        ("RoleBinding", "security-logs"),
        ("ClusterRole", None),
        ("ClusterRoleBinding", None),
    ]
    assert objects[1]["subjects"] == [{"kind": "ServiceAccount", "name": "deployer", "namespace": "tools"}]


def test_render_of_kubernetes_environment_writes_every_file_that_can_be_rendered(tmp_path: Path) -> None:
    result = logops("render", "production", "--to", str(tmp_path))
    written = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.yaml")}

    assert (result.exit_code, result.stderr) == (OK, "")
    assert {name for name in written if not name.startswith("rules/")} == {
        "storage/monitoring.yaml", "storage/security.yaml", "loki/main.yaml", "loki/security.yaml",
        "tenants/main.yaml", "tenants/security.yaml",
        "storage/manifests/logops-loki.yaml", "storage/manifests/logops-logops.yaml",
        "storage/manifests/logops-security-loki.yaml", "storage/manifests/logops-security-logops.yaml",
        "loki/manifests/loki-main-pods.yaml", "loki/manifests/loki-main-gateway.yaml",
        "loki/manifests/loki-security-pods.yaml", "loki/manifests/loki-security-gateway.yaml",
        "agents/helm/alloy-nodes/release.yaml", "agents/helm/alloy-nodes/values.yaml",
        "agents/helm/alloy-receivers/release.yaml", "agents/helm/alloy-receivers/values.yaml",
        "agents/manifests/alloy-nodes.yaml", "agents/manifests/alloy-receivers.yaml",
        "agents/secrets/alloy-nodes.yaml", "agents/secrets/alloy-receivers.yaml",
        "loki/helm/loki-main/release.yaml", "loki/helm/loki-main/values.yaml",
        "loki/helm/loki-security/release.yaml", "loki/helm/loki-security/values.yaml",
        "loki/secrets/loki-main-users.yaml", "loki/secrets/loki-main-canary.yaml",
        "loki/secrets/loki-security-users.yaml", "loki/secrets/loki-security-storage.yaml",
        "tenants/manifests/loki-main-tenants.yaml", "tenants/manifests/loki-security-tenants.yaml",
    }  # fmt: skip
    assert "rules/main/application/application.yaml" in written


@pytest.mark.parametrize("command", [command.name for command in COMMANDS if not command.group])
def test_help_of_every_command_has_an_example(command: str) -> None:
    assert "Example: logops" in logops(command, "--help").stdout


@pytest.mark.parametrize("command", [command.name for command in COMMANDS if command.group])
def test_help_of_every_group_lists_its_commands(command: str) -> None:
    assert "Commands" in logops(command, "--help").stdout


@pytest.mark.parametrize("command", ["run", "runs", "compare", "history"])
def test_help_of_benchmark_command_has_an_example(command: str) -> None:
    assert "Example: logops bench" in logops("bench", command, "--help").stdout


def test_compare_of_unknown_run_is_refused(tmp_path: Path) -> None:
    file = elsewhere(tmp_path)
    result = logops("bench", "compare", "one'; DROP", "two", "--environment", str(file))

    assert result.exit_code == BAD_INPUT
    assert "Run one'; DROP is not in the results" in result.stderr


def test_usage_before_first_audit_fails_with_the_command_to_run(tmp_path: Path) -> None:
    result = logops("audit", "usage", str(elsewhere(tmp_path)))

    assert result.exit_code == BAD_INPUT
    assert "No audit has counted the chunks of elsewhere yet: run `logops audit retention elsewhere`" in result.stderr


def test_cost_without_prices_fails_with_the_setting_to_add(tmp_path: Path) -> None:
    file = elsewhere(tmp_path)
    file.write_text(file.read_text().replace("prices: azure-east-us-2", ""))
    result = logops("audit", "cost", str(file))

    assert result.exit_code == BAD_INPUT
    assert "names no prices. Add `prices: NAME`, of a file in include/prices." in result.stderr


@pytest.mark.parametrize("command", [("audit", "tiering"), ("audit", "explain"), ("lifecycle", "run")])
def test_as_of_option_that_is_not_a_date_is_refused_with_an_example(command: tuple[str, str], tmp_path: Path) -> None:
    result = logops(*command, str(elsewhere(tmp_path)), "--as-of", "last week")

    assert result.exit_code == BAD_INPUT
    assert result.stderr == "--as-of: 'last week' is not a moment. Write it as 2026-11-28T06:30Z, or as 2h ago.\n"


def elsewhere(folder: Path) -> Path:
    """Write a copy of the environment `local` with a separate results store. Return its file."""
    text = (ROOT / "include/environments/local.yaml").read_text()
    file = folder / "elsewhere.yaml"
    text = text.replace("name: local", "name: elsewhere", 1)
    file.write_text(text.replace("results: results", f"results: file://{folder}/results", 1))
    return file


def test_lifecycle_shows_declared_rules_and_reason_without_live_policy(tmp_path: Path) -> None:
    result = logops("lifecycle", "show", str(elsewhere(tmp_path)), "--json")
    output = json.loads(result.stdout)["accounts"]["main"]

    assert result.exit_code == FOUND
    assert {rule["name"] for rule in output["declared"]["rules"]} >= {"system-logs", "main-application-chunks"}
    assert "the storage stage was not rolled out yet" in output["unread"]


def test_lint_shows_rule_position_reason_and_rewrite() -> None:
    result = logops("logql", "lint", '{job="nginx"} |~ "GET"')

    assert result.exit_code == FOUND
    assert result.stdout.splitlines() == [
        "<query>:1:15: slow regex-for-text [*] this regular expression is plain text, "
        "which is searched for several times faster.",
        "  |",
        '1 | {job="nginx"} |~ "GET"',
        "  |               ^^^^^^^^",
        '  = better: {job="nginx"} |= "GET"',
        "",
    ]


def test_text_between_colons_is_printed_unchanged() -> None:
    result = logops("logql", "lint", '{job="x"} |~ "cache:key:12"')

    assert '|= "cache:key:12"' in result.stdout


def test_lint_prints_advice_as_json(tmp_path: Path) -> None:
    file = tmp_path / "query"
    file.write_text('rate({job="nginx"}[1m])')
    (advice,) = json.loads(logops("logql", "lint", f"@{file}", "--step", "5m", "--json").stdout)

    assert (advice["rule"], advice["text"]) == ("range-below-step", "[1m]")
    assert advice["rewrite"] == 'rate({job="nginx"} [5m])'


def test_lint_uses_labels_of_the_environment() -> None:
    query = '{job="oversight-app"} |= "x" | json | trace_id="t"'
    advice = json.loads(logops("logql", "lint", query, "-e", "local", "--json").stdout)

    assert [one["rewrite"] for one in advice] == ['{job="oversight-app"} |= "x" | trace_id="t"']
    level = '{job="oversight-app"} | json | level="error"'
    assert "filter-before-parser" in logops("logql", "lint", level).stdout
    assert "label-in-selector" in logops("logql", "lint", level, "-e", "local").stdout


def test_library_is_linted_with_its_steps_unless_step_is_given() -> None:
    assert logops("logql", "lint", "--library", "-e", "local").exit_code == OK
    output = logops("logql", "lint", "--library", "--step", "2h", "--json")
    assert output.exit_code == FOUND
    assert {one["rule"] for one in json.loads(output.stdout)} == {"range-below-step"}
    assert "failing-paths" in {one["query"] for one in json.loads(output.stdout)}


def test_library_query_with_unknown_tenant_is_reported(library: Path) -> None:
    library.write_text(library.read_text().replace("tenant: application", "tenant: aplication", 1))
    result = logops("logql", "lint", "--library", "-e", "local")
    (advice,) = json.loads(logops("logql", "lint", "--library", "-e", "local", "--json").stdout)

    assert result.exit_code == FOUND
    assert "the cluster main of local has no tenant aplication. It has: application, " in result.stdout
    assert (advice["rule"], advice["query"]) == ("no-such-tenant", "errors")


def test_library_query_with_unknown_cluster_is_reported(library: Path) -> None:
    library.write_text(library.read_text().replace("cluster: main", "cluster: mian", 1))
    (advice,) = json.loads(logops("logql", "lint", "--library", "--json").stdout)
    (of_local,) = json.loads(logops("logql", "lint", "--library", "-e", "local", "--json").stdout)

    assert advice == of_local
    assert advice["why"].startswith("no environment has a tenant mian/application. There are: main/application, ")


def test_lint_of_good_query_passes() -> None:
    assert logops("logql", "lint", '{job="nginx"} |= "GET"').exit_code == OK


def test_parse_error_is_shown_with_caret() -> None:
    result = logops("logql", "lint", '{job="nginx"')

    assert result.exit_code == BAD_INPUT
    assert result.stdout.splitlines() == [
        "<query>:1:13: error invalid-query expected a comma or }, found the end",
        "  |",
        '1 | {job="nginx"',
        "  |             ^",
        "",
    ]


def test_caret_points_at_parse_error_on_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out, "width", 40)
    result = logops("logql", "lint", f'{{job="nginx"}} |= "{"a long text, " * 5}" | frob | json')
    *_, line, caret, _ = result.stdout.splitlines()

    assert len(line) <= 40
    assert line[caret.index("^") :] == "| json"


def test_query_that_is_not_utf8_is_refused() -> None:
    result = CliRunner().invoke(app, ["logql", "format", "-"], input=b'{a="\xff"}')

    assert result.exit_code == BAD_INPUT
    assert result.stderr.startswith("Reading the query from standard input: 'utf-8' codec can't decode byte 0xff in")
    assert result.stderr.endswith("Write it as UTF-8.\n")


def test_query_is_formatted() -> None:
    result = logops("logql", "format", 'sum(rate({a="b"}[5m])) by (c)')

    assert result.stdout == 'sum by (c) (rate({a="b"} [5m]))\n'


@pytest.mark.parametrize(
    ("query", "output"),
    [
        ('# who is slow\n{job="x"} # only x\n | json', "The comments are left out.\n"),
        ('{job="x"} | json // all', "The comments are left out.\n"),
        ('/* x */ {job="x"} | json', "The comments are left out.\n"),
        ('\ufeff{job="x"} |= "# no // comment" | json', ""),
    ],
)
def test_format_warns_only_if_comments_are_dropped(query: str, output: str) -> None:
    result = logops("logql", "format", query)

    assert result.stdout.startswith('{job="x"} |')
    assert result.stderr == output


def test_query_list_shows_names_and_defaults_of_the_library() -> None:
    result = logops("query", "--list")

    assert "slow-requests" in result.stdout
    assert "slower_than_ms=1000" in result.stdout


def test_query_list_shows_brackets_in_description_and_default(library: Path) -> None:
    text = library.read_text().replace("Lines with level error", "Errors of [/api] and [bold]")
    library.write_text(text.replace('default: ".+"', 'default: "[/a-z]+"', 1))
    result = logops("query", "--list")

    assert result.exit_code == OK
    assert "Errors of [/api] and [bold]" in result.stdout
    assert "service=[/a-z]+" in result.stdout


def test_program_path_with_brackets_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = Resolved(PROGRAMS["loki"], Origin.PATH, ("/opt/[/x]/loki",))
    monkeypatch.setattr("logops.cli.toolchain.ensure", lambda *_: {"loki": resolved})

    assert "/opt/[/x]/loki" in logops("toolchain", "loki").stdout


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("nonsense",), "No query nonsense in include/logql/. There are: audit-events,"),
        (("trace",), "trace: the parameter trace_id is missing: Id of the trace, 32 hexadecimal digits."),
        (("errors", "--param", "service"), "--param service: write it as NAME=VALUE"),
        (("errors", "--param", "app=x"), "errors: no such parameter: app. Its parameters: service."),
        (("errors", "--param", "service=a", "--param", "service=b"), "--param service is given twice"),
        (("errors", "--param", "service=("), "errors: service: '(' is no regular expression: missing )"),
        (("errors", "--since", "yesterday"), "--since: 'yesterday' is not a duration"),
        (("errors", "--at", "last week"), "--as-of: 'last week' is not a moment."),
        (("local", "errrors"), "There are: audit-events,"),
        (("local", "errrors"), "Did you mean errors?"),
        (("errrors",), "Did you mean errors?"),
        (("errors", "--param", "servce=a"), "Its parameters: service. Did you mean service?"),
        (("local", "latency", "--param", "quantile=95"), "quantile: 95 is not between 0 and 1. Did you mean 0.95?"),
        (("local", "latency", "--param", "quantile=950"), "quantile: 950 is not between 0 and 1.\n"),
    ],
)
def test_invalid_query_arguments_are_refused_with_the_reason(arguments: tuple[str, ...], output: str) -> None:
    result = logops("query", *arguments)

    assert result.exit_code == BAD_INPUT
    assert output in result.stderr


def test_query_with_environment_first_is_the_query_of_the_old_form() -> None:
    new = logops("query", "local", "errors", "--show")
    old = logops("query", "errors", "-e", "local", "--show")

    assert new.exit_code == OK
    assert new.stderr == ""
    assert old.stdout == new.stdout
    assert old.stderr == (
        "The environment comes first now: `logops query local errors`. The old form is accepted in this release.\n"
    )


def test_query_of_environment_alone_lists_the_queries() -> None:
    assert logops("query", "production").stdout == logops("query", "--list").stdout


def test_compare_in_the_old_form_is_accepted_with_the_new_form(tmp_path: Path) -> None:
    file = elsewhere(tmp_path)
    result = logops("bench", "compare", "one", "two", "-e", str(file))

    assert " ".join(result.stderr.split()) == (
        f"The environment comes first now: `logops bench compare {file} one two`. The old form is accepted in this "
        f"release. Run one is not in the results of {file}. `logops bench runs {file}` lists the runs."
    )


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("loki_index_2078", "elsewhere has no table loki_index_2078. Tables are named by day: today's is loki_index_"),
        ("lok_index_20500", "Did you mean loki_index_20500?"),
        ("loki_index_99999", "loki_index_99999 is a table of the future: today's is loki_index_"),
        ("2023-12-31", "No schema period of elsewhere covers 2023-12-31."),
    ],
)
@pytest.mark.parametrize("check", ["compaction", "retention", "tiering"])
def test_mistyped_table_is_bad_input_and_no_red_audit(check: str, table: str, hint: str, tmp_path: Path) -> None:
    file = elsewhere(tmp_path)
    result = logops("audit", check, str(file), "--as-of", "2026-11-28", "--table", table)

    assert result.exit_code == BAD_INPUT
    assert result.stderr.startswith("--table: ")
    assert hint in result.stderr


def test_mistyped_environment_is_refused_with_the_similar_name() -> None:
    assert "Did you mean production?" in logops("check", "prodution").stderr


def test_mistyped_program_is_refused_with_the_similar_name() -> None:
    assert "Did you mean promtail?" in logops("toolchain", "promtial").stderr


def test_query_show_prints_logql_with_quoted_parameter() -> None:
    result = logops("query", "trace", "--param", 'trace_id=1"} |= "', "--show")

    assert result.stdout == '{job=~"oversight-app|nginx"} | trace_id=`1"} |= "`\n'


def test_query_of_tenant_missing_in_environment_lists_known_tenants(tmp_path: Path) -> None:
    file = elsewhere(tmp_path)
    text = file.read_text().replace("      platform:\n", "      machines:\n")
    file.write_text(text.replace("tenant: platform", "tenant: machines"))
    result = logops("query", "out-of-memory", "--environment", str(file))

    assert result.exit_code == BAD_INPUT
    assert "has no tenant platform in a cluster main. It has: main/application, " in result.stderr
    assert "main/machines" in result.stderr


@pytest.mark.parametrize("command", ["check", "test"])
def test_help_of_rules_command_has_an_example(command: str) -> None:
    assert "Example: logops rules" in logops("rules", command, "--help").stdout


@pytest.fixture
def rules(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rules file in a separate project, where no program can be found."""
    folder = project / "include/logql/rules"
    folder.mkdir(parents=True)
    monkeypatch.setenv("LOGOPS_CACHE", str(project / "nothing"))
    monkeypatch.setenv("PATH", str(project))
    return Path(shutil.copy(ROOT / "include/logql/rules/sign-in.yaml", folder))


@pytest.mark.usefixtures("rules")
def test_rules_without_problems_pass_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logops.cli.rules.command", lambda _: (sys.executable, "-c", ""))
    result = logops("rules", "check")

    assert result.exit_code == OK
    assert "1 file: 1 recorded series, 1 alert with 2 tests, nothing to fix" in result.stderr


@pytest.mark.usefixtures("rules")
def test_rules_check_without_lokitool_fails() -> None:
    result = logops("rules", "check", "--json")
    output = json.loads(result.stdout)

    assert result.exit_code == FOUND
    assert output["advice"] == []
    (problem,) = output["problems"]
    assert problem.startswith("lokitool rules check: not checked. lokitool is missing. ")


def test_rule_with_parse_error_is_shown_with_caret(rules: Path) -> None:
    rules.write_text(rules.read_text().replace("| json ip", "| jsn ip"))
    result = logops("rules", "check")

    assert result.exit_code == BAD_INPUT
    output, query, caret = result.stderr.splitlines()
    assert "sign-in.yaml, groups.0.rules.1.expr: line 1, column" in output
    assert query[: len(caret)].endswith("| jsn i")


def test_slow_rule_and_unknown_tenant_are_reported(rules: Path) -> None:
    text = rules.read_text().replace('|= "login failed" [5m]', '|~ "login failed" [5m]')
    rules.write_text(text.replace("tenant: application", "tenant: aplication"))
    result = logops("rules", "check", "--json")
    output = json.loads(result.stdout)

    assert result.exit_code == FOUND
    assert [(one["file"], one["at"], one["rule"]) for one in output["advice"]] == [
        ("sign-in.yaml", "groups.0.rules.0.expr", "regex-for-text")
    ]
    assert output["problems"][0].startswith(
        "sign-in.yaml: no environment has a tenant main/aplication. There are: main/"
    )
    assert "regex-for-text" in logops("rules", "check").stdout


def test_rule_is_linted_with_labels_of_its_tenant(rules: Path) -> None:
    rules.write_text(
        rules.read_text().replace('level="warn"} |= "login failed" [5m]', 'x=""} | json | level="warn" [5m]')
    )
    output = json.loads(logops("rules", "check", "--json").stdout)

    assert ("groups.0.rules.0.expr", "label-in-selector") in [(one["at"], one["rule"]) for one in output["advice"]]


def test_rule_without_matching_source_is_reported_for_each_environment(rules: Path) -> None:
    rules.write_text(rules.read_text().replace('job="oversight-app"', 'job="oversight-ap"', 1))
    output = json.loads(logops("rules", "check", "--json").stdout)["problems"]

    assert output[:2] == [
        f'sign-in.yaml, groups.0.rules.0.expr: no source of {one} in main/application has {{job="oversight-ap", '
        'level="warn"}.'
        for one in ("local", "production")
    ]


def test_every_shipped_rule_has_a_source_in_every_environment(rules: Path) -> None:
    for file in (ROOT / "include/logql/rules").glob("*.yaml"):
        shutil.copy(file, rules.parent)
    (lokitool,) = json.loads(logops("rules", "check", "--json").stdout)["problems"]

    assert "lokitool" in lokitool


def test_range_below_longest_evaluation_interval_is_reported(rules: Path) -> None:
    environments = rules.parents[3] / "include/environments"
    environments.unlink()
    shutil.copytree(ROOT / "include/environments", environments)
    local = environments / "local.yaml"
    local.write_text(local.read_text().replace("evaluation_interval: 10s", "evaluation_interval: 7m", 1))
    output = json.loads(logops("rules", "check", "--json").stdout)

    assert [(one["rule"], one["text"]) for one in output["advice"]] == [("range-below-step", "[5m]")]


def test_lokitool_that_does_not_end_is_stopped_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    waits = (sys.executable, "-c", "import signal; signal.pause()")
    with pytest.raises(typer.Exit) as ended:
        run_lokitool(waits, {}, timeout_s=0.2)

    assert ended.value.exit_code == BAD_INPUT
    message = f"lokitool rules check: {' '.join(waits)} had not ended after 0.2 s, and was ended. Try"
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("nobody",), "No nobody.yaml in include/logql/rules/ or include/prometheus/rules/. There are: sign-in."),
        ((), "loki is missing."),
    ],
)
@pytest.mark.usefixtures("rules")
def test_rules_test_without_rules_file_or_loki_fails_with_reason(arguments: tuple[str, ...], output: str) -> None:
    result = logops("rules", "test", *arguments)

    assert result.exit_code == BAD_INPUT
    assert output in result.stderr
