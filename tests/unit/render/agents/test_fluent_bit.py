import re
from pathlib import PurePath
from typing import Any

import pytest
import yaml

from logops.environment import Environment
from logops.render.agents.fluent_bit import UnsupportedByFluentBitError, fluent_bit_config
from logops.render.agents.fluent_bit.backtracking import may_backtrack_for_ever
from logops.render.agents.fluent_bit.expressions import UntranslatableError, onigmo, other_lines
from logops.render.agents.fluent_bit.time_format import strptime_format
from tests.support.environments import environment
from tests.support.every_source import ADDRESSES, SOURCES, every_source, sources_for_fluent_bit

STATE = PurePath("/var/lib/fluent-bit")


def environment_of(sources: dict[str, Any], **agent: Any) -> Environment:
    return environment(
        "production",
        ("sources", sources),
        ("agents", {"every": {"kind": "fluent-bit", "sources": list(sources), **agent}}),
    )


def text(declared: Environment) -> str:
    return fluent_bit_config(declared, "every", ADDRESSES, STATE)


def config(declared: Environment) -> dict[str, Any]:
    return dict(yaml.safe_load(text(declared)))


EVERY = config(environment_of(sources_for_fluent_bit()))


def section(name: str, source: str, of: dict[str, Any] = EVERY) -> list[dict[str, Any]]:
    """Return the inputs, filters or outputs of a source."""
    key = "tag" if name == "inputs" else "match"
    return [block for block in of["pipeline"][name] if block[key].removesuffix(".*") == source]


def one_source(changes: dict[str, Any], **agent: Any) -> dict[str, Any]:
    common = {"cluster": "main", "tenant": "platform", "labels": {"job": "one"}}
    paths = {} if "kind" in changes else {"kind": "file", "paths": ["/one.log"]}
    return config(environment_of({"one": {**common, **paths, **changes}}, **agent))


def test_file_source_is_read_from_its_beginning_with_stored_positions() -> None:
    (tail,) = section("inputs", "worker")

    assert tail == {
        "name": "tail",
        "alias": "worker",
        "tag": "worker",
        "storage.type": "filesystem",
        "path": "/var/log/worker.log",
        "db": "/var/lib/fluent-bit/worker.db",
        "path_key": "filename",
        "read_from_head": True,
        "refresh_interval": 5,
        "buffer_chunk_size": 32768,
        "buffer_max_size": 2 * 2**20 + 1,
        "truncate_long_lines": True,
    }


def test_container_formats_are_unwrapped_by_the_input() -> None:
    assert section("inputs", "pods")[0]["multiline.parser"] == "cri"
    assert section("inputs", "docker")[0]["multiline.parser"] == "docker"


def test_pods_get_their_labels_from_the_kubernetes_filter() -> None:
    (tail,), (kubernetes, *_), (loki,) = (section(name, "pods") for name in ("inputs", "filters", "outputs"))

    assert tail["path"] == "/var/log/containers/*_shop_*.log,/var/log/containers/*_web_*.log"
    assert (tail["tag"], kubernetes["kube_tag_prefix"]) == ("pods.*", "pods.var.log.containers.")
    assert kubernetes["k8s-logging.exclude"] is False
    assert "app=$kubernetes['labels']['app.kubernetes.io/name']" in loki["labels"]
    assert loki["structured_metadata"] == "pod=$kubernetes['pod_name']"


def test_journal_reads_only_its_units_from_its_end() -> None:
    (journal,) = section("inputs", "journal")

    assert journal["systemd_filter"] == ["_SYSTEMD_UNIT=kubelet.service", "_SYSTEMD_UNIT=sshd.service"]
    assert journal["read_from_tail"] is True
    assert section("outputs", "journal")[0]["labels"] == "job=journal, host=$_HOSTNAME, unit=$_SYSTEMD_UNIT"


def test_syslog_source_listens_as_declared() -> None:
    (tcp,), (udp,) = section("inputs", "syslog"), section("inputs", "routers")

    assert (tcp["mode"], tcp["port"], tcp["tls.ca_file"], tcp["tls.verify_client_cert"]) == (
        "tcp", 1514, "/tls/ca.crt", True,
    )  # fmt: skip
    assert (udp["mode"], udp["port"], udp["parser"]) == ("udp", 1516, "routers.rfc5424")
    assert (tcp["buffer_max_size"], udp["buffer_max_size"]) == (2 << 20, 64 << 10)


def test_timestamp_is_read_with_a_fraction_and_without_one() -> None:
    parse = {"format": "json", "timestamp": {"field": "time", "layout": "RFC3339"}}
    declared = one_source({"parse": parse})
    parsers = {parser["name"]: parser for parser in declared["parsers"]}
    (reading,) = [block for block in section("filters", "one", declared) if block.get("key_name") == "time"]

    assert [parsers[name]["time_format"] for name in reading["parser"]] == [
        "%Y-%m-%dT%H:%M:%S%z",
        "%Y-%m-%dT%H:%M:%S.%L%z",
    ]


def test_pipeline_drops_lines_then_parses_then_drops_by_fields() -> None:
    names = [(block["name"], block.get("alias")) for block in section("filters", "shop")]

    assert names == [
        ("modify", None),
        ("grep", "shop-drop-1"),
        ("grep", "shop-health-checks"),
        ("parser", None),
        ("grep", "shop-not-found"),
        ("grep", "shop-bots"),
        ("parser", None),
        ("throttle", None),
        ("modify", None),
        ("modify", None),
        ("modify", None),
        ("record_modifier", None),
    ]


@pytest.mark.parametrize(
    ("expression", "is_refused"),
    [
        ("^(a+)+$", True),
        (r"(?:\w+|\d)*x", True),
        (r"(\s*\w+)*", True),
        (r"((?:ab)*)+", True),
        ("(a{2,})*", True),
        (r"(\w+ )+", False),
        (r"^\S+ \S+ \S+ \[(?P<time>[^\]]+)\].*?(?: trace_id=(?P<trace_id>[0-9a-f]+))?$", False),
        (r"(?:\[(?:\\.|[^\]\\])*\])+", False),
        (r"(a+)+?b[(+)]*", True),
        (r"[(a+)+]", False),
        (r"\(a+\)+", False),
    ],
)
def test_repetition_of_repetitions_is_recognised(expression: str, is_refused: bool) -> None:
    assert may_backtrack_for_ever(expression) is is_refused


def test_expression_that_fluent_bit_may_never_finish_is_refused_with_path_and_advice() -> None:
    with pytest.raises(UnsupportedByFluentBitError) as refused:
        one_source({"parse": {"drop": [{"name": "slow", "expression": "^(a+)+$"}]}})

    assert str(refused.value) == (
        "agents.every: Fluent Bit cannot ship these sources as declared:\n"
        "  sources.one.parse.drop.0.expression: a repetition of repetitions, as in (a+)+: a single line could stop "
        "Fluent Bit for ever: remove the inner or the outer repetition, or use an agent of kind alloy"
    )


@pytest.mark.parametrize(
    ("lines_per_second", "burst", "throttle"),
    [
        (1000, 2000, ("1000", 2, "1s")),
        (10, 600, ("10", 60, "1s")),
        # Fluent Bit has a smallest window of 2, and takes a rate of up to 1 for the rate 1,000.
        (1000, 1000, ("1000", 2, "1s")),
        (1, 60, ("2", 30, "2s")),
        (0.01, 4, ("1.1", 3, "110s")),
    ],
)
def test_rate_limit_is_written_with_a_rate_and_a_window_that_fluent_bit_accepts(
    lines_per_second: float, burst: int, throttle: tuple[str, int, str]
) -> None:
    limit = {"lines_per_second": lines_per_second, "burst": burst}
    filters = section("filters", "one", one_source({"parse": {"rate_limit": limit}}))
    (found,) = [block for block in filters if block["name"] == "throttle"]

    assert (found["rate"], found["window"], found["interval"]) == throttle


def test_lines_in_containers_are_joined_by_the_first_filter() -> None:
    declared = one_source({"parse": {"container_format": "cri", "multiline_first_line": "^x"}})

    assert section("filters", "one", declared)[0]["name"] == "multiline"
    assert section("inputs", "one", declared)[0]["multiline.parser"] == "cri"


def test_only_the_line_is_left_in_the_record_that_is_sent() -> None:
    allowed = section("filters", "shop")[-1]["allowlist_key"]
    (loki,) = section("outputs", "shop")

    assert set(allowed) - set(loki["remove_keys"].split(",")) == {"_line"}
    assert (loki["drop_single_key"], loki["line_format"]) == ("raw", "json")


def test_field_that_becomes_structured_metadata_is_no_label() -> None:
    (loki,) = section("outputs", "docker")

    assert loki["labels"] == "job=docker, filename=$filename"
    assert loki["structured_metadata"] == "stream=$stream"


def test_tenant_of_a_line_is_chosen_only_among_allowed_tenants() -> None:
    chosen, default = section("filters", "shop")[-3:-1]
    (loki,) = section("outputs", "shop")

    assert chosen["condition"] == r"key_value_matches team \A(application|canary)\z"
    assert (chosen["copy"], default["add"]) == ("team _tenant", "_tenant platform")
    assert (loki["tenant_id"], loki["tenant_id_key"]) == ("platform", "_tenant")
    assert loki["tenant_id_key_error_handling"] == "partial_error"


def test_lines_are_kept_on_disk_and_sent_again_as_often_as_declared() -> None:
    declared = one_source({}, backoff_retries=7, buffer={"disk": "2GiB", "memory": "64MB"})
    (loki,) = section("outputs", "one", declared)

    assert (loki["retry_limit"], loki["storage.total_limit_size"]) == (7, 2 * 2**30)
    assert declared["service"]["storage.path"] == "/var/lib/fluent-bit/buffer"
    assert declared["service"]["storage.max_chunks_up"] == 32


def test_credentials_are_named_and_never_written() -> None:
    declared = one_source(
        {}, basic_auth={"username": "logops", "password": {"env": "LOKI_PASSWORD"}}, tls={"ca_file": "/tls/ca.crt"}
    )
    (loki,) = section("outputs", "one", declared)

    assert (loki["http_user"], loki["http_passwd"]) == ("logops", "${LOKI_PASSWORD}")
    assert (loki["tls"], loki["tls.verify"], loki["tls.ca_file"]) == (True, True, "/tls/ca.crt")


def test_archive_gets_raw_lines_and_loki_gets_none() -> None:
    archive = {"storage_account": "security", "container": "security-logs"}
    declared = config(environment_of({"journal": SOURCES["journal"]}, archive=archive))
    (blob,) = declared["pipeline"]["outputs"]

    assert "filters" not in declared["pipeline"]
    assert (blob["name"], blob["container_name"], blob["path"]) == ("azure_blob", "security-logs", "logs/%Y/%m/%d")
    assert blob["shared_key"] == "${LOGOPS_CONNECTION_SECURITY_STORAGE}"
    assert blob["auto_create_container"] is False


def test_archive_in_an_account_without_a_key_uses_the_signature_of_its_container() -> None:
    archive = {"storage_account": "monitoring", "container": "system-logs", "sas_token": {"env": "ARCHIVE_SAS"}}
    declared = config(environment_of({"journal": SOURCES["journal"]}, archive=archive))
    (blob,) = declared["pipeline"]["outputs"]

    assert (blob["auth_type"], blob["sas_token"]) == ("sas", "${ARCHIVE_SAS}")
    assert "shared_key" not in blob


def test_each_source_has_a_comment_with_its_owner() -> None:
    comments = re.findall(r"# Source (\w+) \(", text(environment_of(sources_for_fluent_bit())))

    assert comments == [*list(sources_for_fluent_bit()) * 3]


def test_keys_that_fluent_bit_cannot_carry_out_are_refused_with_path_and_advice() -> None:
    with pytest.raises(UnsupportedByFluentBitError) as refused:
        text(every_source("fluent-bit"))

    assert str(refused.value).split("\n") == [
        "agents.every: Fluent Bit cannot ship these sources as declared:",
        "  sources.shop.parse.drop.4.longer_than: Fluent Bit cannot drop lines by their length: remove it, or use an "
        "agent of kind alloy",
        "  sources.shop.parse.drop.5.older_than: Fluent Bit cannot drop lines by their age: remove it, or use an agent "
        "of kind alloy",
        "  sources.shop.parse.multiline_max_lines: Fluent Bit limits an entry by its size, not by its lines: remove "
        "it, or use an agent of kind alloy",
        "  sources.shop.parse.sample: Fluent Bit cannot send a part of the lines: remove it, or use an agent of kind "
        "alloy",
        "  sources.shop.parse.rate_limit.by_label: Fluent Bit limits all lines together: remove it, or use an agent of "
        "kind alloy",
        "  sources.shop.parse.timestamp.location: Fluent Bit has no time zones with daylight saving: use an agent of "
        "kind alloy",
        "  sources.pods.select: Fluent Bit selects pods by their namespace only: remove it, or use an agent of kind "
        "alloy",
        "  sources.azure.kind: Fluent Bit cannot take the records of Azure's events apart: use an agent of kind alloy",
    ]


@pytest.mark.parametrize(
    ("source", "agent", "path"),
    [
        ({"parse": {"format": "json", "timestamp": {"field": "t", "layout": "UnixMs"}}}, {}, "timestamp.layout"),
        ({"parse": {"format": "json", "output": "m", "fields": {"m": "a.b"}}}, {}, "sources.one.parse.output"),
        ({"parse": {"drop": ["(?U)a+"]}}, {}, "sources.one.parse.drop.0.expression"),
        ({"labels": {"job": "a,b"}}, {}, "sources.one.labels.job"),
        ({}, {"batch_size": "2MiB"}, "agents.every.batch_size"),
        (
            {},
            {"archive": {"storage_account": "monitoring", "container": "system-logs"}},
            "archive.storage_account: Fluent Bit cannot log in with a managed identity, and monitoring has no account "
            "key: set archive.sas_token: a shared access signature of the container, with the rights to create "
            "and write",
        ),
    ],
)
def test_setting_that_fluent_bit_does_not_have_is_refused(
    source: dict[str, Any], agent: dict[str, Any], path: str
) -> None:
    with pytest.raises(UnsupportedByFluentBitError, match=re.escape(path)):
        one_source(source, **agent)


@pytest.mark.parametrize(
    ("expression", "translated"),
    [
        (r"^(?P<a>\w+)$", r"/\A(?<a>\w+)\z/"),
        (r"[^$]\$", r"/[^$]\$/"),
        ("(?is)a.b", "/(?im)a.b/"),
        ("(?:a|b)", "/(?:a|b)/"),
        ("[a[b]", r"/[a\[b]/"),
        ("[[:alpha:]]", "/[[:alpha:]]/"),
        ("[a&&b]", r"/[a&\&b]/"),
        ("/api/", "//api//"),
    ],
)
def test_expression_is_written_for_onigmo(expression: str, translated: str) -> None:
    assert onigmo(expression) == translated


@pytest.mark.parametrize("expression", ["(?U)a", "(?m)^a", r"\Qa.b\E"])
def test_expression_that_onigmo_does_not_have_is_refused(expression: str) -> None:
    with pytest.raises(UntranslatableError):
        onigmo(expression)


@pytest.mark.parametrize("first_line", ["^a", "a|^b", "b$"])
def test_a_line_is_either_a_first_line_or_another_line(first_line: str) -> None:
    # Python's expressions have the same syntax here, but \Z for \z.
    other = other_lines(first_line)[1:-1].replace(r"\z", r"\Z")

    for line in ("a", "b", "xa", "xb", "c", ""):
        assert (re.search(first_line, line) is None) == (re.search(other, line) is not None)


@pytest.mark.parametrize(
    ("layout", "letters"),
    [
        ("RFC3339Nano", "%Y-%m-%dT%H:%M:%S.%L%z"),
        ("RFC3339", "%Y-%m-%dT%H:%M:%S%z"),
        ("2006-01-02 15:04:05,000", "%Y-%m-%d %H:%M:%S,%L"),
        ("Jan _2 15:04:05", "%b %e %H:%M:%S"),
        ("Unix", "%s"),
        ("UnixNs", None),
        ("2006-1-2", None),
    ],
)
def test_time_layout_is_written_as_strptime_reads_it(layout: str, letters: str | None) -> None:
    assert strptime_format(layout) == letters
