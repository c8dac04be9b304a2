"""Render the configuration of an agent of kind fluent-bit.

As YAML: the classic format is deprecated, and it has no quotes.
"""

import math
import textwrap
from pathlib import PurePath
from typing import Any

from logops.environment.agents import Agent
from logops.environment.model import Environment
from logops.environment.sources import Source
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.fluent_bit.filters import filter_parsers, filters_of
from logops.render.agents.fluent_bit.inputs import input_of, input_parsers, multiline_parsers
from logops.render.agents.fluent_bit.outputs import archive_output, loki_output
from logops.render.agents.fluent_bit.unsupported import UnsupportedByFluentBitError, unsupported
from logops.render.files import to_yaml, yaml_text

_CHUNK_BYTES = 2_000_000
"""About the size of a chunk (docs: administration/buffering-and-storage)."""


def fluent_bit_config(
    environment: Environment, agent_name: str, addresses: AgentAddresses, state: PurePath, http_port: int = 2020
) -> str:
    """Return the configuration of an agent: inputs, filters and outputs, each with a comment that names the source.

    state   folder with the positions of files, and with lines that are not sent yet

    Raises UnsupportedByFluentBitError, which names every key that Fluent Bit cannot carry out.
    """
    if problems := list(unsupported(environment, agent_name)):
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise UnsupportedByFluentBitError(
            f"agents.{agent_name}: Fluent Bit cannot ship these sources as declared:\n{lines}"
        )
    agent = environment.agents[agent_name]
    sources = {name: environment.sources[name] for name in agent.sources}
    parsers = [parser for name, source in sources.items() for parser in _parsers(name, source, agent)]
    entries = (
        []
        if agent.archive
        else [parser for name, source in sources.items() for parser in multiline_parsers(name, source)]
    )
    top = {
        "service": _service(agent, addresses, state, http_port),
        **({"parsers": parsers} if parsers else {}),
        **({"multiline_parsers": entries} if entries else {}),
    }
    sections = {
        "inputs": {name: [input_of(name, source, agent, addresses, state)] for name, source in sources.items()},
        "filters": {} if agent.archive else {name: filters_of(name, source) for name, source in sources.items()},
        "outputs": {name: [_output(environment, name, agent, addresses)] for name in sources},
    }
    pipeline = "".join(_section(environment, title, blocks) for title, blocks in sections.items() if blocks)
    return f"{to_yaml(environment.name, top)}\npipeline:\n{pipeline}"


def _service(agent: Agent, addresses: AgentAddresses, state: PurePath, http_port: int) -> dict[str, Any]:
    memory = agent.buffer.memory if agent.buffer else None
    return {
        "flush": f"{agent.batch_wait.seconds:g}",
        "grace": 30,
        "log_level": "warn",
        "http_server": True,
        "http_listen": addresses.listen,
        "http_port": http_port,
        "health_check": True,
        "scheduler.base": max(1, math.ceil(agent.backoff_min.seconds)),
        "scheduler.cap": max(2, math.ceil(agent.backoff_max.seconds)),
        "storage.path": str(state / "buffer"),
        "storage.checksum": True,
        "storage.metrics": True,
        **({"storage.max_chunks_up": max(1, memory.value // _CHUNK_BYTES)} if memory else {}),
    }


def _parsers(name: str, source: Source, agent: Agent) -> list[dict[str, Any]]:
    return [*input_parsers(name, source), *([] if agent.archive else filter_parsers(name, source))]


def _output(environment: Environment, name: str, agent: Agent, addresses: AgentAddresses) -> dict[str, Any]:
    source = environment.sources[name]
    if agent.archive:
        account = environment.storage_accounts[agent.archive.storage_account]
        return archive_output(name, source, agent, agent.archive, account)
    return loki_output(name, source, agent, addresses.write_urls[source.cluster])


def _section(environment: Environment, title: str, blocks: dict[str, list[dict[str, Any]]]) -> str:
    text = "\n".join(
        f"{_comment(name, environment.sources[name])}{yaml_text(of_source)}" for name, of_source in blocks.items()
    )
    return f"  {title}:\n{textwrap.indent(text, '    ')}\n"


def _comment(name: str, source: Source) -> str:
    owner = f", owned by {source.owner}" if source.owner else ""
    return f"# Source {name} ({source.kind}){owner}.\n"
