"""A migrated configuration sends the same entries as the original one: both are run by the real Promtail.

All jobs are in one configuration, each with a file of its own.
"""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from logops.doctor.promtail.migrate import AGENT, environment_data, migrate_promtail
from logops.environment import Environment
from logops.pipelines.line import Entry, Sample
from logops.pipelines.run import run
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.toolchain import command
from tests.support.agent_corpus import Arrived, received
from tests.support.agent_programs import agent_program
from tests.support.azurites import free_port
from tests.support.log_receiver import LogReceiver
from tests.support.waiting import becomes_true

WAIT_S = 60
STORY = Path(__file__).parents[1] / "data/story"
Both = tuple[Counter[Arrived], Counter[Arrived]]
"""Entries of the original configuration, and of the migrated one."""


@dataclass(frozen=True)
class Case:
    """A job that reads a file, and the lines of the file.

    job      keys of the job apart from its files
    labels   labels of the file
    """

    stages: tuple[dict[str, Any], ...]
    lines: tuple[str, ...]
    job: Mapping[str, Any]
    labels: Mapping[str, str]


def case(
    *stages: dict[str, Any],
    lines: tuple[str, ...],
    relabel: list[dict[str, Any]] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Case:
    return Case(stages, lines, {"relabel_configs": relabel} if relabel else {}, labels or {})


CASES: Mapping[str, Case] = {
    "plain": case(lines=("one", "two", "  three")),
    "chart-defaults": case(
        {"cri": {}},
        lines=(
            "2026-11-28T10:00:00.1Z stdout F whole",
            "2026-11-28T10:00:00.2Z stderr P first part, ",
            "2026-11-28T10:00:00.3Z stderr F last part",
        ),
    ),
    "containers": case(
        {"cri": {}},
        {"json": {"expressions": {"level": "level", "ts": "ts", "user": "context.user"}}},
        {"labels": {"level": None}},
        {"structured_metadata": {"user": None}},
        {"timestamp": {"source": "ts", "format": "RFC3339Nano"}},
        lines=(
            '2026-11-28T10:00:00.1Z stdout F {"level":"info","ts":"2026-11-28T09:59:59Z","context":{"user":"a"}}',
            '2026-11-28T10:00:00.2Z stderr F {"level":"error","ts":"2026-11-28T10:00:00Z"}',
        ),
    ),
    "docker": case(
        {"docker": {}},
        {"drop": {"expression": "^DEBUG", "drop_counter_reason": "debug"}},
        lines=(
            r'{"log":"DEBUG one\n","stream":"stdout","time":"2026-11-28T10:00:00.5Z"}',
            r'{"log":"INFO two\n","stream":"stderr","time":"2026-11-28T10:00:01Z"}',
        ),
    ),
    "nginx": case(
        {"regex": {"expression": r'^(?P<ip>\S+) \S+ \S+ \[(?P<t>[^\]]+)\] "(?P<verb>\w+) (?P<path>\S+)'
                   r'[^"]*" (?P<code>\d+)'}},
        {"labels": {"method": "verb", "status": "code"}},
        {"timestamp": {"source": "t", "format": "02/Jan/2006:15:04:05 -0700"}},
        {"drop": {"source": "path", "expression": "^/(health|ping)$", "drop_counter_reason": "health_checks"}},
        lines=(
            '10.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 12',
            '10.0.0.2 - - [28/Nov/2026:12:00:01 +0200] "POST /b HTTP/1.1" 404 0',
            '10.0.0.3 - - [28/Nov/2026:10:00:02 +0000] "GET /health HTTP/1.1" 200 2',
        ),
    ),
    "java": case(
        {"multiline": {"firstline": r"^\d{4}-\d{2}-\d{2}", "max_wait_time": "1s"}},
        {"regex": {"expression": r"^(?P<time>\d{4}-\d{2}-\d{2} \S+) +(?P<level>[A-Z]+)"}},
        {"timestamp": {"source": "time", "format": "2006-01-02 15:04:05,000", "location": "Europe/Berlin"}},
        {"labels": {"level": None}},
        lines=(
            "2026-11-28 11:00:00,123 ERROR failed",
            "java.lang.IllegalStateException: no",
            "\tat a.B.c(B.java:1)",
            "2026-11-28 11:00:01,000 INFO  next",
        ),
    ),
    "logfmt": case(
        {"logfmt": {"mapping": {"lvl": None, "ts": "time"}}},
        {"labels": {"level": "lvl"}},
        {"timestamp": {"source": "ts", "format": "Unix"}},
        lines=('time=1795860000 lvl=info msg="two words"', "time=1795860001.5 lvl=warn"),
    ),
    "drops": case(
        {"drop": {"expression": "^#"}},
        {"drop": {"longer_than": "1kb"}},
        {"json": {"expressions": {"level": "severity", "path": None}}},
        {"labels": {"level": None}},
        {"match": {"selector": '{level="debug"}', "action": "drop"}},
        {"match": {"selector": '{job="drops"} |= "noise."', "action": "drop", "drop_counter_reason": "noise"}},
        {"drop": {"source": "path", "value": "/ping"}},
        lines=(
            "# a comment",
            "x" * 1_025,
            '{"severity":"debug","path":"/a"}',
            '{"severity":"info","path":"/a","text":"noise."}',
            '{"severity":"info","path":"/a","text":"noise!"}',
            '{"severity":"info","path":"/ping"}',
            '{"severity":"info","path":"/pings"}',
        ),
    ),
    "output": case(
        {"json": {"expressions": {"message": "msg", "level": "level", "level_name": "level"}}},
        {"labels": {"level_name": None}},
        {"output": {"source": "message"}},
        lines=('{"level":"info","msg":"the message"}', '{"level":"warn"}'),
    ),
    "fixed-labels": case(
        {"static_labels": {"team": "shop"}},
        {"labeldrop": ["region"]},
        {"tenant": {"value": "platform"}},
        {"limit": {"rate": 1_000, "burst": 1_000, "drop": True}},
        {"sampling": {"rate": 1.0}},
        lines=("one",),
        labels={"region": "eu"},
    ),
    "relabelled": case(
        lines=("one",),
        labels={"service": "shop-api", "region": "EU"},
        relabel=[
            {"target_label": "cluster", "replacement": "prod"},
            {"source_labels": ["service"], "regex": "(.+)-(.+)", "target_label": "app", "replacement": "$1"},
            {"source_labels": ["service", "region"], "separator": "/", "target_label": "place"},
            {"source_labels": ["region"], "action": "lowercase", "target_label": "region"},
            {"regex": "ser(vi)ce", "action": "labelmap", "replacement": "ser${1}ce_copy"},
            {"regex": "service", "action": "labeldrop"},
            {"source_labels": ["cluster"], "regex": "prod|test", "action": "keep"},
            {"source_labels": ["__path__"], "regex": r".*/(.+)\.log", "target_label": "file", "replacement": "${1}_$x"},
        ],
    ),
    "dropped-by-rule": case(
        lines=("one",), relabel=[{"source_labels": ["job"], "regex": "dropped-.*", "action": "drop"}]
    ),
}  # fmt: skip


def configuration(cases: Mapping[str, Case], folder: Path, url: str) -> dict[str, Any]:
    """Return a configuration of Promtail that reads a file for each case."""
    jobs = [
        {
            "job_name": name,
            "static_configs": [
                {
                    "targets": ["localhost"],
                    "labels": {"job": name, **case.labels, "__path__": str(folder / f"{name}.log")},
                }
            ],
            **case.job,
            "pipeline_stages": list(case.stages),
        }
        for name, case in cases.items()
    ]
    return {
        "clients": [
            {
                "url": f"{url}/loki/api/v1/push",
                "tenant_id": "application",
                "batchwait": "100ms",
                "external_labels": {"datacentre": "one"},
            }
        ],
        "scrape_configs": jobs,
    }


def migrated(config: dict[str, Any]) -> Environment:
    """Return the environment that the configuration becomes, with Promtail as its agent."""
    migration = migrate_promtail(yaml.safe_dump(config), "promtail.yaml", "main", "application")
    agent = {**migration.agents[AGENT], "kind": "promtail"}
    data = environment_data(migration.sources, agent, "main")
    return Environment.model_validate_json(json.dumps(data))


def rendered(declared: Environment, folder: Path, url: str) -> str:
    addresses = AgentAddresses("127.0.0.1", {"main": url}, {}, folder, folder / "rules.toml")
    process = PromtailProcess(AGENT, "main", declared.agents[AGENT].sources, free_port(), folder / "new.yaml")
    return promtail_config(declared, process, addresses)


@contextmanager
def running(words: list[str], text: str, path: Path) -> Iterator[None]:
    """Run an agent with a configuration, and stop it at the end, so that it sends what it holds."""
    path.write_text(text)
    process = subprocess.Popen(
        [*words, str(path)],
        stdout=path.with_suffix(".out").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(WAIT_S)


def entries_of(
    text: str, path: Path, receiver: LogReceiver, count: int, words: list[str] | None = None
) -> Counter[Arrived]:
    """Run an agent until it has sent a number of entries. Return the entries.

    words   the command of the agent, without the path of its configuration; default: Promtail's
    """
    receiver.pushes.clear()
    started_ns = time.time_ns()
    with running(words or [*command("promtail"), "-config.file"], text, path):
        becomes_true(lambda: len(receiver.records) >= count, WAIT_S)
    return received(receiver.pushes, started_ns)


def model(declared: Environment, cases: Mapping[str, Case]) -> list[Entry]:
    """Return the entries of the model, to know for how many to wait."""
    now = time.time_ns()
    return [
        outcome
        for source in declared.sources.values()
        if source.kind == "file"
        for outcome in run(
            source,
            [Sample(line, now, {"filename": source.paths[0]}) for line in cases[Path(source.paths[0]).stem].lines],
            declared.agents[AGENT],
        )
        if isinstance(outcome, Entry)
    ]


def original(config: dict[str, Any], folder: Path) -> str:
    """Return the text of a configuration, with addresses and files that no other process uses."""
    own = {
        "server": {"http_listen_address": "127.0.0.1", "http_listen_port": free_port(), "grpc_listen_port": 0},
        "positions": {"filename": str(folder / "old.yaml")},
        "target_config": {"sync_period": "1s"},
    }
    return yaml.safe_dump(config | own)


def both(config: dict[str, Any], declared: Environment, folder: Path, receiver: LogReceiver, *counts: int) -> Both:
    """Return what the original configuration sends, and what the migrated one sends.

    counts   entries for which to wait, of the original and of the migrated one
    """
    before = entries_of(original(config, folder), folder / "original.yaml", receiver, counts[0])
    after = entries_of(rendered(declared, folder, receiver.url), folder / "migrated.yaml", receiver, counts[-1])
    return before, after


def write_lines(folder: Path) -> None:
    for name, one in CASES.items():
        (folder / f"{name}.log").write_text("".join(f"{line}\n" for line in one.lines))


def test_configuration_of_alloy_sends_the_entries_of_the_original(tmp_path: Path) -> None:
    address = f"--server.http.listen-addr=127.0.0.1:{free_port()}"
    words = [agent_program("alloy"), "run", f"--storage.path={tmp_path}", address, "--disable-reporting"]
    write_lines(tmp_path)
    with LogReceiver() as receiver:
        config = configuration(CASES, tmp_path, receiver.url)
        alloy = migrate_promtail(yaml.safe_dump(config), "promtail.yaml", "main", "application").alloy
        count = len(model(migrated(config), CASES))
        before = entries_of(original(config, tmp_path), tmp_path / "original.yaml", receiver, count)
        after = entries_of(alloy, tmp_path / "migrated.alloy", receiver, count, words)

    assert before
    assert {"missing": before - after, "added": after - before} == {"missing": Counter(), "added": Counter()}


def test_migrated_configuration_sends_the_entries_of_the_original(tmp_path: Path) -> None:
    write_lines(tmp_path)
    with LogReceiver() as receiver:
        config = configuration(CASES, tmp_path, receiver.url)
        declared = migrated(config)
        before, after = both(config, declared, tmp_path, receiver, len(model(declared, CASES)))

    assert before
    assert {"missing": before - after, "added": after - before} == {"missing": Counter(), "added": Counter()}


def test_story_file_sends_the_same_entries_with_trace_id_as_structured_metadata(tmp_path: Path) -> None:
    config = yaml.safe_load((STORY / "promtail-config.yaml").read_text())
    path = tmp_path / "app.log"
    config["scrape_configs"][0]["static_configs"][0]["labels"]["__path__"] = str(path)
    path.write_text(
        '{"level":"info","message":"one","timestamp":"2026-11-28T10:00:00Z","trace_id":"a1"}\n'
        '{"level":"error","message":"two","timestamp":"2026-11-28T10:00:01Z"}\n'
        "no JSON\n"
    )
    with LogReceiver() as receiver:
        config["clients"] = [{"url": f"{receiver.url}/loki/api/v1/push", "tenant_id": "application", "batchwait": "1s"}]
        before, after = both(config, migrated(config), tmp_path, receiver, 3)

    assert before != after
    assert Counter(map(with_trace_id_as_metadata, before.elements())) == after


def with_trace_id_as_metadata(entry: Arrived) -> Arrived:
    tenant, labels, metadata, time_ns, line = entry
    moved = {(name, value) for name, value in labels if name == "trace_id"}
    return tenant, labels - moved, metadata | moved, time_ns, line


def test_story_pipeline_of_pods_differs_as_its_notes_say(tmp_path: Path) -> None:
    """The pods' lines are in a file here. With the stage `docker`, the CRI prefix is taken for time and level."""
    values = yaml.safe_load((STORY / "promtail-values.yaml").read_text())
    (pods,) = (job for job in values["config"]["scrapeConfigs"] if job["job_name"] == "kubernetes-pods")
    path = tmp_path / "0.log"
    path.write_text(
        "2026-11-28T10:00:00.1Z stdout F 2026-11-28T10:00:00Z INFO started\n"
        "2026-11-28T10:00:01.1Z stderr F 2026-11-28T10:00:01Z ERROR failed\n"
        "2026-11-28T10:00:01.2Z stderr F   at a.b\n"
        "2026-11-28T10:00:02.1Z stderr F 2026-11-28T10:00:02Z ERROR healthcheck failed\n"
        "2026-11-28T10:00:03.1Z stdout F 2026-11-28T10:00:03Z INFO stopped\n"
    )
    with LogReceiver() as receiver:
        client = {"url": f"{receiver.url}/loki/api/v1/push", "tenant_id": "application", "batchwait": "1s"}
        values["config"]["clients"] = [client]
        source = dict(migrate_promtail(yaml.safe_dump(values), "values.yaml", "main", "x").sources["kubernetes-pods"])
        in_file = {"kind": "file", "paths": [str(path)], "parse": {"container_format": "cri", **source["parse"]}}
        kept = {key: source[key] for key in ("cluster", "tenant", "labels")}
        data = environment_data({"pods": {**kept, **in_file}}, {"kind": "promtail"}, "main")
        declared = Environment.model_validate_json(json.dumps(data))
        job = {
            "job_name": "pods",
            "static_configs": [{"labels": {"job": pods["job_name"], "__path__": str(path)}}],
            "pipeline_stages": values["config"]["snippets"]["pipelineStages"],
        }
        before, after = both({"clients": [client], "scrape_configs": [job]}, declared, tmp_path, receiver, 4, 3)

    assert levels_and_lines(before) == {
        ("stdout", b"2026-11-28T10:00:00.1Z stdout F 2026-11-28T10:00:00Z INFO started"),
        ("stderr", b"2026-11-28T10:00:01.1Z stderr F 2026-11-28T10:00:01Z ERROR failed"),
        ("stderr", b"2026-11-28T10:00:01.2Z stderr F   at a.b"),
        ("stdout", b"2026-11-28T10:00:03.1Z stdout F 2026-11-28T10:00:03Z INFO stopped"),
    }
    assert levels_and_lines(after) == {
        ("INFO", b"2026-11-28T10:00:00Z INFO started"),
        ("ERROR", b"2026-11-28T10:00:01Z ERROR failed\n  at a.b"),
        ("INFO", b"2026-11-28T10:00:03Z INFO stopped"),
    }


def levels_and_lines(entries: Counter[Arrived]) -> set[tuple[str | None, bytes]]:
    return {(dict(labels).get("level"), line) for _, labels, _, _, line in entries}
