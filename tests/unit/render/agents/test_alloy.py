from typing import Any, get_args

import pytest

from logops.environment import Environment
from logops.pipelines import stages as pipeline
from logops.render.agents.alloy import alloy_config
from logops.render.agents.alloy.stages import stage_blocks
from logops.render.agents.alloy.syntax import Block, identifier, to_alloy
from tests.support.every_source import ADDRESSES, SOURCES, every_source

EVERY = every_source("alloy")


def config(declared: Environment = EVERY) -> str:
    (name,) = declared.agents
    return alloy_config(declared, name, ADDRESSES)


def component(name: str, text: str | None = None) -> str:
    """Return the lines of a component, as `loki.write "main"`, without the comment above it."""
    lines = (text or config()).split("\n")
    start = lines.index(f"{name} {{")
    return "\n".join(lines[start : lines.index("}", start) + 1])


def one_source(changes: dict[str, Any], **agent: Any) -> str:
    """Return the configuration of an agent that ships one source: files, with changes."""
    common = {"cluster": "main", "tenant": "platform", "labels": {"job": "one"}}
    paths = {} if "kind" in changes else {"kind": "file", "paths": ["/one.log"]}
    source = {**common, **paths, **changes}
    declared = {
        "agents": {"one": {"kind": "alloy", "sources": ["one"], **agent}},
        "sources": {"one": source},
    }
    return config(Environment.model_validate({**EVERY.model_dump(mode="json", by_alias=True), **declared}))


def one_process(parse: dict[str, Any], **source: Any) -> str:
    return component('loki.process "one"', one_source({"parse": parse, **source}))


@pytest.mark.parametrize("name", ["null", "true", "false"])
def test_source_named_as_a_keyword_of_alloy_gets_another_label(name: str) -> None:
    assert identifier(name) == f"{name}_"


def test_file_source_reads_its_paths_with_its_labels() -> None:
    assert component('loki.source.file "one"', one_source({"paths": ["/a/*.log", "b.log"]})) == (
        'loki.source.file "one" {\n'
        "\ttargets = [\n"
        '\t\t{__path__ = "/a/*.log", job = "one"},\n'
        '\t\t{__path__ = "/var/log/b.log", job = "one"},\n'
        "\t]\n"
        "\tforward_to = [loki.process.one.receiver]\n"
        "\n"
        "\tfile_match {\n"
        "\t\tenabled = true\n"
        "\t}\n"
        "}"
    )


def test_files_that_are_excluded_or_old_are_not_read() -> None:
    text = one_source({"exclude": ["/a/old.log", "/a/*.gz"], "ignore_older": "1d"})

    assert '{__path__ = "/one.log", __path_exclude__ = "{/a/old.log,/a/*.gz}", job = "one"}' in text
    assert 'ignore_older_than = "24h"' in text


def test_pods_are_read_from_their_files_on_the_node() -> None:
    text = config()
    discovery = component('discovery.relabel "pods"')

    assert "loki.source.kubernetes" not in text
    assert 'names = ["shop", "web"]' in component('discovery.kubernetes "pods"')
    assert 'field = "spec.nodeName=" + coalesce(sys.env("HOSTNAME"), constants.hostname)' in text
    assert 'replacement   = "/var/log/pods/${1}_${2}_*/${3}/*.log"' in discovery
    assert 'source_labels = ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]' in discovery
    assert 'target_label = "job"\n\t\treplacement  = "pods"' in discovery


def test_selected_pods_are_kept_by_rules() -> None:
    text = component('discovery.relabel "pods"')

    assert '\t\tsource_labels = ["app"]\n\t\tregex         = "cart|api"\n\t\taction        = "keep"\n' in text
    assert '\t\tsource_labels = ["container"]\n\t\tregex         = `main\\.app`\n' in text


def test_pod_name_becomes_structured_metadata() -> None:
    process = component('loki.process "pods"')

    assert 'stage.structured_metadata {\n\t\tvalues = {pod = "pod"}' in process
    assert process.index("stage.cri") < process.index("stage.json")


def test_journal_reads_only_its_units() -> None:
    assert component('loki.relabel "journal"').startswith(
        'loki.relabel "journal" {\n'
        "\tforward_to = []\n"
        "\n"
        "\trule {\n"
        '\t\tsource_labels = ["__journal__systemd_unit"]\n'
        "\t\tregex         = `kubelet\\.service|sshd\\.service`\n"
        '\t\taction        = "keep"\n'
        "\t}\n"
    )


def test_journal_has_the_label_job_of_its_source() -> None:
    # Alloy 1.18 replaces a job in `labels` by the name of the component.
    text = one_source({"kind": "journal", "labels": {"job": "journal", "zone": "a"}})

    assert '\t\ttarget_label = "job"\n\t\treplacement  = "journal"\n' in component('loki.relabel "one"', text)
    assert 'labels        = {zone = "a"}' in component('loki.source.journal "one"', text)


def test_journal_without_label_job_does_not_get_alloys_label_job() -> None:
    text = one_source({"kind": "journal", "labels": {"source": "journal"}})

    assert 'action = "labeldrop"\n\t\tregex  = "job"' in component('loki.relabel "one"', text)


@pytest.mark.parametrize(
    ("name", "listener"),
    [
        (
            "syslog",
            ['address                = "0.0.0.0:1514"', 'protocol               = "tcp"', 'ca_file   = "/tls/ca.crt"'],
        ),
        ("legacy", ['syslog_format                   = "rfc3164"', "rfc3164_default_to_current_year = true"]),
        ("routers", ['protocol               = "udp"', 'labels                 = {job = "routers"}']),
    ],
)
def test_syslog_source_listens_as_declared(name: str, listener: list[str]) -> None:
    text = component(f'loki.source.syslog "{name}"')

    assert [line for line in listener if line not in text] == []


def test_event_hub_takes_its_connection_string_from_an_environment_variable() -> None:
    text = component('loki.source.azure_event_hubs "azure"')

    assert 'fully_qualified_namespace = "oversight.servicebus.windows.net:9093"' in text
    assert 'connection_string = sys.env("EVENT_HUB")' in text


def test_pipeline_has_the_stages_of_the_model_in_its_order() -> None:
    process = component('loki.process "shop"')
    names = [line.split()[0] for line in process.split("\n") if line.startswith("\tstage.")]

    assert names == [
        "stage.multiline", "stage.drop", "stage.drop", "stage.drop", "stage.json", "stage.drop", "stage.drop",
        "stage.labels", "stage.structured_metadata", "stage.timestamp", "stage.drop", "stage.match", "stage.sampling",
        "stage.match", "stage.limit", "stage.output", "stage.tenant", "stage.regex", "stage.tenant",
    ]  # fmt: skip


@pytest.mark.parametrize("stage", get_args(pipeline.Stage), ids=lambda stage: stage.__name__)
def test_every_stage_of_the_model_is_rendered(stage: type) -> None:
    assert stage_blocks.dispatch(stage) is not stage_blocks.dispatch(object)


def test_drop_rule_is_counted_by_its_name() -> None:
    process = one_process({"drop": [{"name": "health", "expression": r'"path":"/health"'}]})

    assert 'expression          = `"path":"/health"`\n\t\tdrop_counter_reason = "health"' in process


def test_drop_rule_for_an_empty_value_drops_only_empty_values() -> None:
    rule = {"name": "empty", "field": "level", "value": ""}
    process = one_process({"format": "json", "drop": [rule]})

    assert 'source              = "level"\n\t\texpression          = "^$"' in process


def test_key_with_a_hyphen_is_quoted_in_the_json_stage() -> None:
    process = one_process({"format": "json", "fields": {"status": "http.status-code"}, "labels": ["status"]})

    assert 'expressions = {status = `http."status-code"`}' in process


def test_repeated_timestamp_is_kept() -> None:
    process = one_process({"format": "json", "timestamp": {"field": "time"}})

    assert 'action_on_duplicate_timestamp = "keep"' in process


def test_tenant_of_a_line_is_chosen_only_among_allowed_tenants() -> None:
    process = component('loki.process "shop"')

    assert process.endswith(
        "\tstage.tenant {\n"
        '\t\tvalue = "platform"\n'
        "\t}\n"
        "\n"
        "\tstage.regex {\n"
        '\t\tsource     = "team"\n'
        '\t\texpression = "^(?P<chosen_tenant>application|canary)$"\n'
        "\t}\n"
        "\n"
        "\tstage.tenant {\n"
        '\t\tsource = "chosen_tenant"\n'
        "\t}\n"
        "}"
    )


def test_long_lines_are_cut_in_the_last_stage() -> None:
    text = one_source({}, max_line_size="256KiB")

    assert component('loki.process "one"', text).endswith(
        '\tstage.truncate {\n\t\trule {\n\t\t\tlimit = "256KiB"\n\t\t}\n\t}\n}'
    )


def test_secrets_are_redacted_after_lines_are_joined_and_before_fields_are_taken() -> None:
    parse = {"container_format": "cri", "format": "json", "structured_metadata": ["token"]}
    text = one_source({"parse": parse}, redact_secrets=True)

    assert "forward_to = [loki.process.one_lines.receiver]" in component('loki.source.file "one"', text)
    assert "stage.cri" in component('loki.process "one_lines"', text)
    assert "forward_to = [loki.secretfilter.one.receiver]" in component('loki.process "one_lines"', text)
    assert component('loki.secretfilter "one"', text) == (
        'loki.secretfilter "one" {\n'
        "\tforward_to      = [loki.process.one.receiver]\n"
        '\tgitleaks_config = "/etc/logops/secrets.toml"\n'
        '\tredact_with     = "<secret:$SECRET_NAME>"\n'
        "}"
    )
    assert "stage.cri" not in component('loki.process "one"', text)
    assert "stage.structured_metadata" in component('loki.process "one"', text)


def test_secrets_are_not_redacted_unless_the_agent_asks_for_it() -> None:
    assert "secretfilter" not in config()


def test_lines_of_each_source_go_to_the_cluster_of_the_source() -> None:
    declared = {**SOURCES["worker"], "cluster": "security", "tenant": "security-team"}
    text = one_source(declared)

    assert "forward_to = [loki.write.security.receiver]" in component('loki.process "one"', text)
    assert "https://security-logs.example.com/loki/api/v1/push" in component('loki.write "security"', text)
    assert 'loki.write "main"' not in text


def test_credentials_are_named_and_never_written() -> None:
    text = one_source(
        {},
        basic_auth={"username": "logops", "password": {"env": "LOKI_PASSWORD"}},
        tls={"ca_file": "/tls/ca.crt", "server_name": "logs"},
        labels={"region": "eu"},
    )

    assert component('loki.write "main"', text) == (
        'loki.write "main" {\n'
        '\texternal_labels = {region = "eu"}\n'
        "\n"
        "\tendpoint {\n"
        '\t\turl                 = "https://logs.example.com/loki/api/v1/push"\n'
        '\t\tbatch_wait          = "1s"\n'
        '\t\tbatch_size          = "1MiB"\n'
        '\t\tremote_timeout      = "10s"\n'
        '\t\tmin_backoff_period  = "500ms"\n'
        '\t\tmax_backoff_period  = "5m"\n'
        "\t\tmax_backoff_retries = 10\n"
        "\n"
        "\t\tbasic_auth {\n"
        '\t\t\tusername = "logops"\n'
        '\t\t\tpassword = sys.env("LOKI_PASSWORD")\n'
        "\t\t}\n"
        "\n"
        "\t\ttls_config {\n"
        '\t\t\tca_file     = "/tls/ca.crt"\n'
        '\t\t\tserver_name = "logs"\n'
        "\t\t}\n"
        "\t}\n"
        "}"
    )


def test_bearer_token_is_read_from_an_environment_variable() -> None:
    assert 'bearer_token        = sys.env("LOKI_TOKEN")' in one_source({}, bearer_token={"env": "LOKI_TOKEN"})


def test_each_source_has_a_comment_with_its_owner() -> None:
    comments = [line for line in config().split("\n") if line.startswith("// Source")]

    assert comments == [f"// Source {name} ({source['kind']}), owned by platform." for name, source in SOURCES.items()]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        (r"\d+", r"`\d+`"),
        ('say "x"', '`say "x"`'),
        (r"`\d`", r'"`\\d`"'),
        ("two\nlines", r'"two\nlines"'),
        ("ä", '"ä"'),
    ],
)
def test_text_is_a_raw_string_if_that_is_easier_to_read(value: str, text: str) -> None:
    assert to_alloy([Block("b", attributes={"a": value})]) == f"b {{\n\ta = {text}\n}}\n"


def test_relative_paths_start_at_the_folder_of_the_platform() -> None:
    assert '__path__ = "/var/log/more.log"' in config()
