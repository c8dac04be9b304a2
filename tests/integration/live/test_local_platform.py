"""Tests of the complete local platform: distributed Loki, ring, agents, storage."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta

import psutil
import pytest
import requests

from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.platforms.local import LocalPlatform
from logops.platforms.local.supervisord import Supervisord
from tests.support.local_platforms import all_ready, pid_of, pids, statuses
from tests.support.waiting import wait_for

TENANT = "application"


def test_every_process_of_the_environment_is_ready(platform: LocalPlatform) -> None:
    found = platform.processes()
    assert len(found) == 20
    assert [status for status in found if not status.ready or status.state != "RUNNING"] == []


def test_process_status_has_memory_and_version(platform: LocalPlatform) -> None:
    found = statuses(platform)
    assert all((status.memory or 0) > 2**20 for status in found.values())
    asked = ("azurite", "prometheus", "alertmanager-standard", "main-ingester-0", "security-all-0", "promtail-main")
    versions = {name: found[name].version for name in asked}
    assert versions == {
        "azurite": "3.37.0",
        "prometheus": "3.12.0",
        "alertmanager-standard": "0.31.1",
        "main-ingester-0": "3.7.8",
        "security-all-0": "3.7.8",
        "promtail-main": "3.6.15",
    }


@pytest.mark.parametrize(("cluster", "ingesters"), [("main", 3), ("security", 1)])
def test_every_ingester_is_active_in_the_ring(platform: LocalPlatform, cluster: str, ingesters: int) -> None:
    with LokiClient(platform.write_url(cluster)) as client:
        assert [member.state for member in client.ring()] == ["ACTIVE"] * ingesters


def test_line_from_100_days_ago_is_returned_after_push(platform: LocalPlatform) -> None:
    at = nanoseconds(datetime.now(UTC) - timedelta(days=100))
    with LokiClient(platform.write_url("main")) as writer:
        writer.push(TENANT, [Entry(at, {"job": "old"}, "long ago")])
    with LokiClient(platform.read_url("main")) as reader:
        found = reader.query_logs(TENANT, '{job="old"}', at - 1, at + 1)
    assert [entry.text for entry in found] == ["long ago"]


def test_canary_reads_back_lines_that_it_wrote(platform: LocalPlatform) -> None:
    url = f"http://127.0.0.1:{statuses(platform)['canary-main'].port}/metrics"

    def heard() -> bool:
        lines = requests.get(url, timeout=5).text.splitlines()
        metrics = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return float(metrics["loki_canary_response_latency_seconds_count"]) > 0

    wait_for(heard)


@pytest.mark.parametrize("source", ["application", "audit", "syslog"])
def test_line_written_by_source_arrives_in_its_tenant(platform: LocalPlatform, source: str) -> None:
    declared = platform.environment.sources[source]
    now = datetime.now(UTC)
    line = json.dumps({"message": f"via {source}", "timestamp": now.isoformat()})
    platform.write_line(source, f"<13>1 {now.isoformat()} h a - - - via {source}" if source == "syslog" else line)
    with LokiClient(platform.read_url(declared.cluster)) as reader:
        window = (nanoseconds(now - timedelta(minutes=1)), nanoseconds(now + timedelta(minutes=1)))
        selector = f'{{job="{declared.labels["job"]}"}} |= "via {source}"'
        wait_for(lambda: bool(reader.query_logs(declared.tenant, selector, *window)))


def test_repeated_apply_restarts_no_process(platform: LocalPlatform) -> None:
    before = pids(platform)
    for stage, files in platform.desired().items():
        platform.apply(stage, files, "again", print)
    assert pids(platform) == before


def test_killed_ingester_is_restarted_and_becomes_ready(platform: LocalPlatform) -> None:
    killed = pid_of(platform, "main-ingester-1")
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: (now := statuses(platform)["main-ingester-1"]).ready and now.pid != killed)


def test_stopped_process_is_missing_from_live_state_and_apply_starts_it(platform: LocalPlatform) -> None:
    Supervisord(platform.state).stop_process("promtail-security")
    wait_for(lambda: statuses(platform)["promtail-security"].state == "STOPPED")
    without = platform.live("agents")["processes/agents"]

    platform.apply("agents", platform.desired()["agents"], "tests", print)

    assert "promtail-security" not in without
    assert "promtail-main" in without
    assert all_ready(platform)


def test_edited_file_is_drift_and_apply_restarts_its_process(platform: LocalPlatform) -> None:
    name = "agents/promtail-security.yaml"
    wanted = platform.desired()["agents"]
    file = platform.state / "live" / name
    before = pids(platform)
    file.write_text(file.read_text() + "# by hand\n")
    os.kill(pid_of(platform, "promtail-security"), signal.SIGKILL)
    wait_for(lambda: statuses(platform)["promtail-security"].pid not in (None, before["promtail-security"]))
    misled = pid_of(platform, "promtail-security")

    drifted = platform.live("agents")
    platform.apply("agents", wanted, "tests", print)

    assert [key for key in wanted if drifted.get(key) != wanted[key]] == [name]
    assert platform.live("agents") == wanted
    assert pid_of(platform, "promtail-security") != misled
    assert pid_of(platform, "promtail-main") == before["promtail-main"]


def test_deleted_container_is_drift_and_apply_creates_container(platform: LocalPlatform) -> None:
    wanted = platform.desired()["storage"]
    store = platform.object_store("main")
    store._service.delete_container("system-logs")

    drifted = platform.live("storage")
    platform.apply("storage", wanted, "tests", print)

    assert "- system-logs" not in drifted["storage/main.yaml"].partition("lifecycle:")[0]
    assert platform.live("storage") == wanted
    assert "system-logs" in store.list_containers()


def test_only_secrets_file_contains_storage_keys(platform: LocalPlatform) -> None:
    keys = [line.split("=", 1)[1].encode() for line in (platform.state / "secrets.env").read_text().splitlines()]
    with_a_key = {
        file.relative_to(platform.state).as_posix()
        for file in platform.state.rglob("*")
        if file.is_file() and any(key in file.read_bytes() for key in keys)
    }
    assert len(keys) == 2
    assert with_a_key == {"secrets.env"}
    assert (platform.state / "secrets.env").stat().st_mode & 0o077 == 0


def test_process_has_no_key_of_other_storage_account(platform: LocalPlatform) -> None:
    main = psutil.Process(pid_of(platform, "main-ingester-0")).environ()
    agent = psutil.Process(pid_of(platform, "promtail-main")).environ()
    assert main["LOGOPS_MAIN_STORAGE_KEY"]
    assert main["LOGOPS_SECURITY_STORAGE_KEY"] == agent["LOGOPS_MAIN_STORAGE_KEY"] == ""


def test_loki_configuration_page_shows_no_storage_key(platform: LocalPlatform) -> None:
    keys = [line.split("=", 1)[1] for line in (platform.state / "secrets.env").read_text().splitlines()]
    shown = requests.get(platform.urls("main")["main-distributor-0"] + "/config", timeout=10).text
    assert "logopsmain" in shown
    assert not any(key in shown for key in keys)
