"""Run the agent `corpus` of an environment: Promtail, Alloy or Fluent Bit."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from logops.environment import Environment
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.alloy import alloy_config
from logops.render.agents.fluent_bit import fluent_bit_config
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.toolchain import command
from tests.support.agent_corpus import AGENT
from tests.support.agent_programs import agent_program
from tests.support.azurites import free_port

AGENTS = ("promtail", "alloy", "fluent-bit")
WAIT_S = 60


class RunningAgent:
    """An agent that runs. `http_port`: where it serves its metrics."""

    def __init__(self, process: "subprocess.Popen[bytes]", http_port: int, out: Path) -> None:
        self.process = process
        self.http_port = http_port
        self.out = out

    @property
    def log(self) -> str:
        """What the agent has printed."""
        return self.out.read_text(errors="replace")


@contextmanager
def running(
    declared: Environment,
    folder: Path,
    url: str,
    *,
    syslog_ports: Mapping[str, int] | None = None,
    secrets: Mapping[str, str] | None = None,
    secret_rules: Path = Path("/does/not/exist"),
) -> Iterator[RunningAgent]:
    """Run the agent `corpus`, and stop it at the end, so that it sends what it holds.

    folder    its configuration, its positions and its output
    url       Loki's URL
    secrets   environment variables
    """
    http_port = free_port()
    addresses = AgentAddresses("127.0.0.1", {"main": url}, syslog_ports or {}, folder, secret_rules)
    words = _command(declared, folder, addresses, http_port, with_secrets=bool(secrets))
    out = folder / "agent.out"
    with out.open("ab") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, env={**os.environ, **(secrets or {})})
    try:
        yield RunningAgent(process, http_port, out)
    finally:
        process.terminate()
        process.wait(WAIT_S)


def _command(
    declared: Environment, folder: Path, addresses: AgentAddresses, port: int, *, with_secrets: bool
) -> list[str]:
    agent = declared.agents[AGENT]
    state = folder / "state"
    state.mkdir(exist_ok=True)
    path = folder / f"agent.{'alloy' if agent.kind == 'alloy' else 'yaml'}"
    match agent.kind:
        case "alloy":
            path.write_text(alloy_config(declared, AGENT, addresses))
            preview = ["--stability.level=public-preview"] if agent.redact_secrets else []
            address = f"--server.http.listen-addr=127.0.0.1:{port}"
            storage = f"--storage.path={state}"
            return [agent_program("alloy"), "run", *preview, storage, address, "--disable-reporting", str(path)]
        case "fluent-bit":
            path.write_text(fluent_bit_config(declared, AGENT, addresses, state, port))
            return [agent_program("fluent-bit"), "--config", str(path)]
        case "promtail":
            process = PromtailProcess(AGENT, "main", agent.sources, port, state / "positions.yaml")
            path.write_text(promtail_config(declared, process, addresses))
            expand = ["-config.expand-env=true"] if with_secrets else []
            return [*command("promtail"), f"-config.file={path}", *expand]
