"""Tests of the doctor against real Loki and Promtail programs: they refuse what the doctor says they refuse."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from logops.doctor import check, migrate, read_texts
from logops.doctor.defaults import LOKI_DEFAULTS
from logops.doctor.keys.generate import KEYS_DIR, PROGRAMS, read_keys
from logops.doctor.keys.known import known_keys
from logops.doctor.keys.retired import REMOVED
from logops.doctor.quantities import limit_duration, size
from logops.toolchain import command
from tests.support.waiting import wait_for
from tests.unit.doctor.files import OLD_PERIOD, PERIOD, loki, overrides, stages

STORY = Path(__file__).parents[1] / "data" / "story"
VARIABLES = {
    "STORAGE_ACCOUNT": "logs",
    "STORAGE_KEY": "bG9ncw==",
    "SECURITY_STORAGE_ACCOUNT": "vault",
    "SECURITY_STORAGE_KEY": "dmF1bHQ=",
}
ALL_DAY = {"selector": '{a="b"}', "priority": 1, "period": "24h"}


def run(program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command(program), *arguments],
        env={**os.environ, **VARIABLES},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def refused_by_loki(config: str, folder: Path) -> str:
    """Return the errors of Loki for a configuration; an empty text if Loki would start."""
    path = folder / "loki.yaml"
    path.write_text(config)
    answer = run("loki", f"-config.file={path}", "-config.expand-env=true", "-verify-config")
    return answer.stderr if answer.returncode else ""


def refused_by_promtail(config: str, folder: Path) -> str:
    path = folder / "promtail.yaml"
    path.write_text(config)
    answer = run("promtail", f"-config.file={path}", "-config.expand-env=true", "-check-syntax")
    return answer.stdout + answer.stderr if answer.returncode else ""


def promtail_output(config: str, lines: str, folder: Path) -> str:
    """Return what Promtail would send for lines on its standard input. The last word must arrive unchanged."""
    path, output = folder / "promtail.yaml", folder / "output"
    path.write_text(config)
    last = lines.split()[-1]
    with open(output, "w") as out:
        process = subprocess.Popen(
            [*command("promtail"), f"-config.file={path}", "-stdin", "-dry-run"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    try:
        assert process.stdin
        process.stdin.write(lines)
        process.stdin.flush()
        # At the end of its input, Promtail drops the lines that are still in its pipeline: do not close the input.
        wait_for(lambda: last in output.read_text(), state=output.read_text)
    finally:
        process.kill()
        process.wait(30)
    return re.sub(r"\x1b\[[0-9;]*m", "", output.read_text())


def finding_classes(text: str) -> set[str]:
    """Return the classes of the doctor's findings for one file."""
    return {finding.cls.name for finding in check(read_texts({"file": text}), datetime.now(UTC))}


@pytest.mark.parametrize("program", PROGRAMS)
def test_committed_keys_equal_keys_printed_by_program(program: str) -> None:
    (path,) = command(program)

    assert read_keys(Path(path), KEYS_DIR / f"{program}-seed.yaml", PROGRAMS[program]) == known_keys(program)


def test_doctor_defaults_equal_defaults_of_loki(tmp_path: Path) -> None:
    path = tmp_path / "loki.yaml"
    path.write_text(loki(common={"path_prefix": "/loki"}, memberlist=None, limits_config=None, compactor=None))
    output = run("loki", f"-config.file={path}", "-print-config-stderr", "-verify-config").stderr
    printed = yaml.safe_load("\n".join(line for line in output.splitlines() if not line.startswith("level=")))

    for key, expected in LOKI_DEFAULTS.items():
        value: Any = printed
        for step in key.split("."):
            value = value[step]
        if isinstance(expected, str) and isinstance(value, str):
            value = re.sub(r"(?<=[a-z])0[ms](?=$|0)", "", value)
        assert value == expected, key


@pytest.mark.parametrize("name", ["loki-values.yaml", "security-logs.yaml"])
def test_loki_accepts_migrated_story_file(name: str, tmp_path: Path) -> None:
    text = migrate((STORY / name).read_text(), name, datetime.now(UTC))
    document = yaml.safe_load(text)
    config = yaml.safe_dump(document["loki"]) if "loki" in document else document["data"]["config.yaml"]

    assert refused_by_loki(config, tmp_path) == ""


def test_every_story_key_that_loki_refuses_is_reported(tmp_path: Path) -> None:
    for name in ("loki-values.yaml", "security-logs.yaml"):
        document = yaml.safe_load((STORY / name).read_text())
        config = yaml.safe_dump(document["loki"]) if "loki" in document else document["data"]["config.yaml"]
        refused = sorted(re.findall(r"field (\w+) not found", refused_by_loki(config, tmp_path)))
        findings = check(read_texts({name: (STORY / name).read_text()}), datetime.now(UTC))

        assert refused == sorted(
            f.subject.path.rpartition(".")[2] for f in findings if f.cls.name in ("key-removed", "key-unknown")
        )
        assert refused


def test_loki_refuses_removed_keys(tmp_path: Path) -> None:
    removed = sorted(path for path in REMOVED if "*" not in path)
    output = refused_by_loki(loki(**{path.replace(".", "__"): "x" for path in removed}), tmp_path)

    assert sorted(re.findall(r"field (\w+) not found", output)) == sorted(path.rpartition(".")[2] for path in removed)


def test_loki_accepts_deprecated_keys(tmp_path: Path) -> None:
    flags = {"limits_config__unordered_writes": True, "limits_config__allow_deletes": True, "metrics_namespace": "loki"}
    config = loki(**flags)

    assert "key-deprecated" in finding_classes(config)
    assert refused_by_loki(config, tmp_path) == ""


BROKEN = {
    "delete-store-missing": loki(compactor={"retention_enabled": True}),
    "directory-unset": loki(common={"replication_factor": 3}),
    "structured-metadata-unsupported": loki(schema_config__configs=[OLD_PERIOD]),
    "stream-retention-refused": loki(limits_config__retention_stream=[{**ALL_DAY, "period": "23h"}]),
    "limit-unknown": loki(limits_config__retention_perid="90d"),
    "key-unknown": loki(ingester={"chunk_idle_perod": "30m"}),
    "schema-missing": loki(schema_config=None),
    "key-removed": loki(limits_config__enforce_metric_name=False),
    "value-refused": loki(limits_config__retention_period="1.5d"),
}
GOOD = [
    loki(),
    loki(limits_config__retention_stream=[ALL_DAY]),
    loki(schema_config__configs=[OLD_PERIOD, {**PERIOD, "from": "2025-01-01"}]),
    loki(schema_config__configs=[OLD_PERIOD], limits_config__allow_structured_metadata=False),
]


@pytest.mark.parametrize("name", BROKEN)
def test_loki_refuses_configuration_that_doctor_reports_as_refused(name: str, tmp_path: Path) -> None:
    assert name in finding_classes(BROKEN[name])
    assert refused_by_loki(BROKEN[name], tmp_path)


@pytest.mark.parametrize("number", range(len(GOOD)))
def test_loki_accepts_configuration_without_findings(number: int, tmp_path: Path) -> None:
    assert not finding_classes(GOOD[number]) & BROKEN.keys()
    assert refused_by_loki(GOOD[number], tmp_path) == ""


@pytest.mark.parametrize("text", ["90d", "2160h", "1w2d", "1d12h", "0", "1.5d", "36.5h", "90", "-1h", "1h1d"])
def test_limit_duration_is_accepted_if_and_only_if_loki_accepts_it(text: str, tmp_path: Path) -> None:
    refused = refused_by_loki(loki(limits_config__reject_old_samples_max_age=text), tmp_path)

    assert (limit_duration(text) is None) == bool(refused)


@pytest.mark.parametrize("text", ["10MB", "10mb", "3M", "2048", "1 MB", "10MiB", "1.5GB", "1e3", "10Mi"])
def test_size_is_accepted_if_and_only_if_loki_accepts_it(text: str, tmp_path: Path) -> None:
    refused = refused_by_loki(loki(limits_config__per_stream_rate_limit=text), tmp_path)

    assert (size(text) is None) == bool(refused)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Run a single-process Loki that reads runtime overrides every second. Yield its address and the overrides file."""
    runtime = tmp_path / "runtime.yaml"
    runtime.write_text(overrides(retention_period="240h"))
    port = free_port()
    config = {
        "server": {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": port,
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": free_port(),
        },
        "common": {
            "path_prefix": str(tmp_path / "loki"),
            "instance_addr": "127.0.0.1",
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
        },
        "schema_config": {"configs": [{**PERIOD, "object_store": "filesystem"}]},
        "storage_config": {"filesystem": {"directory": str(tmp_path / "chunks")}},
        "runtime_config": {"file": str(runtime), "period": "1s"},
        "analytics": {"reporting_enabled": False},
    }
    path = tmp_path / "loki.yaml"
    path.write_text(yaml.safe_dump(config))
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([*command("loki"), f"-config.file={path}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}", runtime
    finally:
        process.terminate()
        process.wait(30)


def reload_successful(address: str) -> bool | None:
    try:
        metrics = requests.get(f"{address}/metrics", timeout=5).text
    except requests.ConnectionError:
        return None
    value = re.search(r"^loki_runtime_config_last_reload_successful\S* (\d)", metrics, re.MULTILINE)
    return bool(int(value[1])) if value else None


def test_running_loki_fails_to_reload_overrides_with_mistyped_limit(running: tuple[str, Path]) -> None:
    address, runtime = running
    wait_for(lambda: reload_successful(address) is True)

    runtime.write_text(overrides(retention_perid="480h"))

    wait_for(lambda: reload_successful(address) is False)
    assert "limit-unknown" in finding_classes(overrides(retention_perid="480h"))


def test_promtail_refuses_story_key_that_doctor_reports(tmp_path: Path) -> None:
    values = yaml.safe_load((STORY / "promtail-values.yaml").read_text())
    clients = [{"url": "http://loki-gateway/loki/api/v1/push"}]
    refused = 0
    for job in values["config"]["scrapeConfigs"]:
        config = yaml.safe_dump({"clients": clients, "scrape_configs": [job]})
        output = refused_by_promtail(config, tmp_path)

        assert (
            ("field event_hub_name not found" in output) == bool(output) == ("key-unknown" in finding_classes(config))
        )
        refused += bool(output)
    assert refused


def test_promtail_accepts_story_configuration(tmp_path: Path) -> None:
    assert refused_by_promtail((STORY / "promtail-config.yaml").read_text(), tmp_path) == ""


def test_docker_stage_does_not_parse_lines_of_pods(tmp_path: Path) -> None:
    line = "2026-01-01T00:00:00.000000001Z stdout F it happened\n"

    assert line in promtail_output(stages({"docker": {}}), line, tmp_path)
    assert "stdout F" not in promtail_output(stages({"cri": {}}), line, tmp_path)


def test_multiline_stage_after_labels_joins_no_lines(tmp_path: Path) -> None:
    lines = "2026-01-01 ERROR boom\n  at Foo\n2026-01-02 INFO fine\n"
    parse = [{"regex": {"expression": r"^\S+ (?P<level>[A-Z]+)"}}, {"labels": {"level": None}}]
    join = {"multiline": {"firstline": r"^\d{4}-"}}

    def is_joined(config: str) -> bool:
        return re.search(r"boom\n\s+at Foo", promtail_output(config, lines, tmp_path)) is not None

    assert not is_joined(stages(*parse, join))
    assert is_joined(stages(join, *parse))
