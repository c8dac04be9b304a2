"""Real agents towards Loki and Azure: TLS, logins, sampling, secrets that are redacted, raw lines in a container."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from logops.environment import Environment
from logops.quality.count_stored import read_and_count
from logops.quality.counters import CUT_BY_AGENTS, DROPPED, total
from logops.quality.measured import Cost, Measured
from logops.quality.request import QualityRequest
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.fluent_bit import fluent_bit_config
from logops.toolchain import project_root
from tests.support.agent_corpus import AGENT, corpus, write
from tests.support.agent_processes import AGENTS, running
from tests.support.agent_programs import agent_program
from tests.support.azurites import ACCOUNT, KEY, azurite, free_port
from tests.support.certificates import certificates
from tests.support.environments import environment
from tests.support.http_servers import http_server
from tests.support.log_receiver import Answer, LogReceiver, ReceivedRecord
from tests.support.waiting import becomes_true, wait_for

LOGINS: dict[str, tuple[dict[str, Any], str]] = {
    "password": (
        {"basic_auth": {"username": "logops", "password": {"env": "LOKI_SECRET"}}},
        f"Basic {b64encode(b'logops:p$ss').decode()}",
    ),
    "token": ({"bearer_token": {"env": "LOKI_SECRET"}}, "Bearer p$ss"),
}
"""Keys of the agent, and the header that arrives."""


@pytest.fixture(params=AGENTS)
def kind(request: pytest.FixtureRequest) -> str:
    if request.param != "promtail":
        agent_program(request.param)
    return str(request.param)


@pytest.mark.parametrize("login", LOGINS)
def test_lines_are_sent_with_tls_and_the_login(kind: str, login: str, tmp_path: Path) -> None:
    files = certificates(tmp_path)
    keys, header = LOGINS[login]
    declared = corpus(kind, tmp_path, "plain", tls={"ca_file": str(files.ca_file)}, **keys)
    write(tmp_path, "plain", [b"one", b"two"])

    with (
        LogReceiver(certificate=(files.server.cert_file, files.server.key_file)) as receiver,
        running(declared, tmp_path, receiver.url, secrets={"LOKI_SECRET": "p$ss"}),
    ):
        becomes_true(lambda: len(receiver.lines) >= 2)

    assert receiver.lines == ["one", "two"]
    assert {push.headers["authorization"] for push in receiver.pushes} == {header}


def test_server_whose_certificate_is_unknown_gets_no_line(kind: str, tmp_path: Path) -> None:
    files = certificates(tmp_path)
    declared = corpus(kind, tmp_path, "plain", backoff_retries=1)
    write(tmp_path, "plain", [b"one"])

    with (
        LogReceiver(certificate=(files.server.cert_file, files.server.key_file)) as receiver,
        running(declared, tmp_path, receiver.url) as agent,
    ):
        wait_for(lambda: "certificate" in agent.log, state=lambda: agent.log)

    assert receiver.pushes == []


def test_sampling_sends_a_part_of_the_lines(kind: str, tmp_path: Path) -> None:
    if kind == "fluent-bit":
        pytest.skip("Fluent Bit cannot send a part of the lines: logops refuses it")
    rules = [{"name": "debug-lines", "keep": 0.5, "expression": "debug"}]
    source = {
        "kind": "file", "paths": [str(tmp_path / "sampled.log")], "cluster": "main", "tenant": "platform",
        "labels": {"job": "sampled"}, "parse": {"sample": rules},
    }  # fmt: skip
    declared = environment(
        "local", ("sources", {"sampled": source}), ("agents", {AGENT: {"kind": kind, "sources": ["sampled"]}})
    )
    lines = [f"debug {number}" for number in range(2000)]
    (tmp_path / "sampled.log").write_text("".join(f"{line}\n" for line in [*lines, "the last line"]))

    with LogReceiver() as receiver, running(declared, tmp_path, receiver.url):
        becomes_true(lambda: "the last line" in receiver.lines)

    # Agents do not promise the order of lines that have the same time of reading.
    sampled = set(receiver.lines) - {"the last line"}
    assert sampled < set(lines)
    # With p = 0.5, the probability of another number is below 1e-60.
    assert 600 < len(sampled) < 1400


def test_secret_is_masked_and_the_rest_of_the_line_is_sent(tmp_path: Path) -> None:
    agent_program("alloy")
    declared = corpus("alloy", tmp_path, "plain", redact_secrets=True)
    token = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
    write(tmp_path, "plain", [f"deploy with {token} now".encode(), b"nothing to hide"])

    with (
        LogReceiver() as receiver,
        running(declared, tmp_path, receiver.url, secret_rules=project_root() / "include/secrets/rules.toml"),
    ):
        becomes_true(lambda: len(receiver.lines) >= 2)

    assert receiver.lines == ["deploy with <secret:github-token> now", "nothing to hide"]


@pytest.mark.parametrize("login", ["account key", "shared access signature"])
def test_raw_lines_arrive_in_the_container_of_an_archive(login: str, tmp_path: Path) -> None:
    program = agent_program("fluent-bit")
    (tmp_path / "messages.log").write_text("one\ntwo\n")
    with azurite(tmp_path) as endpoint:
        account = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
        container = ContainerClient.from_connection_string(f"DefaultEndpointsProtocol=http;{account}", "security-logs")
        container.create_container()
        config = tmp_path / "fluent-bit.yaml"
        config.write_text(archive_config(tmp_path, endpoint, with_signature=login != "account key"))
        secrets = {"LOGOPS_CONNECTION_SECURITY_STORAGE": KEY, "ARCHIVE_SAS": signature()}
        with (tmp_path / "agent.out").open("wb") as out:
            agent = subprocess.Popen(
                [program, "--config", str(config)], env={**os.environ, **secrets}, stdout=out, stderr=out
            )
        try:
            becomes_true(lambda: any(container.list_blobs()))
        finally:
            agent.terminate()
            agent.wait(60)
        texts = [container.download_blob(blob.name).readall() for blob in container.list_blobs()]

    assert [json.loads(line)["log"] for text in texts for line in text.splitlines()] == ["one", "two"]


def archive_config(folder: Path, endpoint: str, *, with_signature: bool) -> str:
    """Return a configuration as on Kubernetes, but for Azurite instead of Azure."""
    signature = {"sas_token": {"env": "ARCHIVE_SAS"}} if with_signature else {}
    archive = {"storage_account": "security", "container": "security-logs", **signature}
    source = {
        "kind": "file", "paths": [str(folder / "messages.log")], "cluster": "main", "tenant": "platform",
        "labels": {"job": "raw"},
    }  # fmt: skip
    declared = environment(
        "production",
        ("sources", {"raw": source}),
        ("storage_accounts.security.account_name", ACCOUNT),
        ("agents", {AGENT: {"kind": "fluent-bit", "sources": ["raw"], "archive": archive}}),
    )
    addresses = AgentAddresses("127.0.0.1", {}, {}, folder, folder)
    config = yaml.safe_load(fluent_bit_config(declared, AGENT, addresses, folder / "state", free_port()))
    (output,) = config["pipeline"]["outputs"]
    output |= {"emulator_mode": True, "endpoint": endpoint.removesuffix(f"/{ACCOUNT}")}
    return yaml.safe_dump(config)


def signature() -> str:
    now = datetime.now(UTC)
    rights = ContainerSasPermissions(create=True, write=True)
    return generate_container_sas(
        ACCOUNT, "security-logs", account_key=KEY, permission=rights, expiry=now + timedelta(hours=1)
    )


def test_failed_request_of_a_tenant_repeats_lines_of_other_tenants_only_in_fluent_bit(
    kind: str, tmp_path: Path
) -> None:
    # Loki stores a repeated line once: its labels, its timestamp and its text are the same.
    declared = corpus(kind, tmp_path, "tenant", backoff_max="1s")
    chosen, other = '{"team":"application"}', '{"team":"security-team"}'
    write(tmp_path, "tenant", [chosen.encode(), other.encode()])
    failures = iter([(500, "")])

    def answer(records: list[ReceivedRecord]) -> Answer:
        if any(record.line == chosen for record in records):
            return next(failures, (204, ""))
        return 204, ""

    with LogReceiver(answer) as receiver, running(declared, tmp_path, receiver.url):
        becomes_true(lambda: chosen in receiver.lines and other in receiver.lines)

    assert next(failures, None) is None, "the request did not fail"
    assert receiver.lines.count(chosen) == 1
    assert receiver.lines.count(other) == (2 if kind == "fluent-bit" else 1)
    assert len({record.time_ns for record in receiver.records if record.line == other}) == 1


@pytest.mark.parametrize("container_format", [None, "cri"])
def test_entry_that_is_not_complete_when_the_agent_stops_is_sent_as_documented(
    kind: str, container_format: str | None, tmp_path: Path
) -> None:
    in_container = {"container_format": container_format} if container_format else {}
    joined = {"multiline_first_line": r"^\d+:", "multiline_max_wait": "60s"}
    source = {
        "kind": "file", "paths": [str(tmp_path / "entries.log")], "cluster": "main", "tenant": "platform",
        "labels": {"job": "entries"}, "parse": {**joined, **in_container},
    }  # fmt: skip
    declared = environment(
        "local", ("sources", {"entries": source}), ("agents", {AGENT: {"kind": kind, "sources": ["entries"]}})
    )
    before = "2026-11-28T10:00:00Z stdout F " if container_format else ""

    def write_lines(*lines: str) -> None:
        with (tmp_path / "entries.log").open("a") as file:
            file.writelines(f"{before}{line}\n" for line in lines)

    with LogReceiver() as receiver:
        write_lines("1: first", " end of first", "2: open", " end of open")
        with running(declared, tmp_path, receiver.url):
            becomes_true(lambda: "1: first\n end of first" in receiver.lines)
        write_lines("3: after the restart", "4: makes the agent send the third")
        # Fluent Bit keeps an open entry of a file on disk, and sends it after the next start.
        with running(declared, tmp_path, receiver.url):
            becomes_true(lambda: "3: after the restart" in receiver.lines)

    sent = {"promtail": (1,), "alloy": (0, 1), "fluent-bit": (0,) if container_format else (1,)}
    assert receiver.lines.count("2: open\n end of open") in sent[kind]
    assert {"1: first\n end of first", "3: after the restart"} <= {*receiver.lines}


class OneAgent:
    """A platform with a Loki that refuses every query, and one agent."""

    def __init__(self, environment: Environment, loki_url: str, agent_url: str) -> None:
        self.environment = environment
        self._loki_url = loki_url
        self._agent_url = agent_url

    def read_url(self, cluster: str) -> str:
        return self._loki_url

    def urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def distributor_urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def agent_urls(self, cluster: str) -> Mapping[str, str]:
        return {f"{AGENT}-main": self._agent_url} if cluster == "main" else {}


def test_quality_run_reads_from_the_agent_how_many_lines_it_cut_and_gave_up(kind: str, tmp_path: Path) -> None:
    declared = corpus(kind, tmp_path, "plain", max_line_size="1KiB", backoff_retries=1, backoff_max="1s")
    write(tmp_path, "plain", [b"x" * 2_000, b"short"])
    request = QualityRequest("run", datetime.now(UTC), 600, 60, 0, 2**30)

    with (
        LogReceiver(lambda records: (500, "")) as receiver,
        running(declared, tmp_path, receiver.url) as agent,
        http_server([(400, b"")]) as loki,
    ):
        platform = OneAgent(declared, loki.url, f"http://127.0.0.1:{agent.http_port}")

        def measured() -> Measured:
            values = Measured({}, Cost(2**30))
            read_and_count(platform, request, None, values, lambda _: None)  # type: ignore[arg-type]
            return values

        wait_for(lambda: total(measured().counters, *DROPPED) >= 2)
        last = measured()

    assert last.silent_processes == {}
    assert total(last.counters, *DROPPED) == 2
    assert total(last.counters, *CUT_BY_AGENTS) == 1
    assert {counter.started > 0 for counter in last.counters} == {True}
