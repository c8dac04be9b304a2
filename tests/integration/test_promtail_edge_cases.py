"""The real Promtail makes of difficult lines what the model of the pipeline says, to the byte and the nanosecond."""

import subprocess
import time
from collections import Counter
from pathlib import Path

from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.toolchain import command
from tests.support.edge_cases import (
    AGENT,
    EDGE_CASES,
    Arrived,
    differences,
    edge_case_environment,
    expected,
    received,
)
from tests.support.log_receiver import LogReceiver
from tests.support.waiting import becomes_true

WAIT_S = 60.0


def test_promtail_makes_of_difficult_lines_what_the_model_says(tmp_path: Path) -> None:
    started_ns = time.time_ns()
    declared = edge_case_environment(tmp_path)
    wanted: Counter[Arrived] = Counter()
    for name, case in EDGE_CASES.items():
        (tmp_path / f"{name}.log").write_bytes(b"".join(line + b"\n" for line in case.lines))
        wanted += expected(declared, tmp_path, name, case.lines)
    process = PromtailProcess(AGENT, "main", declared.agents[AGENT].sources, 0, tmp_path / "positions.yaml")
    with LogReceiver() as receiver:
        addresses = AgentAddresses("127.0.0.1", {"main": receiver.url}, {}, tmp_path, tmp_path)
        config = tmp_path / "promtail.yaml"
        config.write_text(promtail_config(declared, process, addresses))
        with (tmp_path / "promtail.out").open("w") as out:
            words = [*command("promtail"), f"-config.file={config}", "-server.disable=true"]
            promtail = subprocess.Popen(words, stdout=out, stderr=out)
        try:
            becomes_true(lambda: len(receiver.records) >= wanted.total(), WAIT_S)
        finally:
            # It sends what it still holds.
            promtail.terminate()
            promtail.wait(WAIT_S)

    assert differences(wanted, received(receiver.pushes, started_ns)) == []
