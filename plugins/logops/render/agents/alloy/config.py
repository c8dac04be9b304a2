"""Render the configuration of an agent of kind alloy."""

from logops.environment.agents import Agent
from logops.environment.model import Environment
from logops.environment.sources import Source
from logops.pipelines.stages import JoinLines, Stage, UnwrapCri, UnwrapDocker, stages_of
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.alloy.inputs import input_blocks
from logops.render.agents.alloy.stages import stage_blocks, truncate_block
from logops.render.agents.alloy.syntax import Block, Expression, Value, from_variable, identifier, size_text, to_alloy
from logops.render.files import HEADER


def alloy_config(environment: Environment, agent_name: str, addresses: AgentAddresses) -> str:
    """Return the configuration of an agent: each source with its pipeline, then the clusters that get the lines.

    Alloy must run with `--stability.level=public-preview` if the agent redacts secrets: `loki.secretfilter` is a
    preview in 1.18.
    """
    agent = environment.agents[agent_name]
    sources = {name: environment.sources[name] for name in agent.sources}
    blocks = [
        Block("logging", attributes={"level": "warn", "format": "logfmt"}),
        *(block for name, source in sources.items() for block in _source_blocks(name, source, agent, addresses)),
        *(
            _write_block(cluster, agent, addresses.write_urls[cluster])
            for cluster in dict.fromkeys(source.cluster for source in sources.values())
        ),
    ]
    header = HEADER.format(name=environment.name).replace("#", "//", 1)
    return f"{header}\n{to_alloy(blocks)}"


def _source_blocks(name: str, source: Source, agent: Agent, addresses: AgentAddresses) -> list[Block]:
    """Return the components of a source, in the direction in which lines flow."""
    pipeline = _pipeline(name, source, agent, addresses)
    inputs = input_blocks(name, source, _receiver(pipeline[0]), addresses)
    owner = f", owned by {source.owner}" if source.owner else ""
    return [inputs[0].with_comment(f"Source {name} ({source.kind}){owner}."), *inputs[1:], *pipeline]


def _pipeline(name: str, source: Source, agent: Agent, addresses: AgentAddresses) -> list[Block]:
    """Return the components between the input and `loki.write`."""
    label = identifier(name)
    write = f"loki.write.{identifier(source.cluster)}.receiver"
    stages = stages_of(source)
    cut = [truncate_block(agent.max_line_size)] if agent.max_line_size else []
    if not agent.redact_secrets:
        return [_process(label, source, stages, write, cut)]
    # A secret is searched in whole lines, and before a field becomes a label or structured metadata.
    joining = tuple(stage for stage in stages if isinstance(stage, UnwrapCri | UnwrapDocker | JoinLines))
    process = _process(label, source, stages[len(joining) :], write, cut)
    secrets = _secret_filter(label, _receiver(process), addresses)
    if not joining:
        return [secrets, process]
    return [_process(f"{label}_lines", source, joining, _receiver(secrets)), secrets, process]


def _process(
    label: str, source: Source, stages: tuple[Stage, ...], receiver: str, last: list[Block] | None = None
) -> Block:
    inner = (*(block for stage in stages for block in stage_blocks(stage, source)), *(last or []))
    return Block("loki.process", label, {"forward_to": [Expression(receiver)]}, inner)


def _secret_filter(label: str, receiver: str, addresses: AgentAddresses) -> Block:
    return Block(
        "loki.secretfilter",
        label,
        {
            "forward_to": [Expression(receiver)],
            "gitleaks_config": str(addresses.secret_rules),
            # Not $SECRET_HASH: Alloy hashes without a salt, so a short secret can be guessed from its hash.
            "redact_with": "<secret:$SECRET_NAME>",
        },
    )


def _receiver(block: Block) -> str:
    return f"{block.name}.{block.label}.receiver"


def _write_block(cluster: str, agent: Agent, url: str) -> Block:
    endpoint: dict[str, Value] = {
        "url": f"{url}/loki/api/v1/push",
        "batch_wait": agent.batch_wait.go,
        "batch_size": size_text(agent.batch_size),
        "remote_timeout": agent.timeout.go,
        "min_backoff_period": agent.backoff_min.go,
        "max_backoff_period": agent.backoff_max.go,
        "max_backoff_retries": agent.backoff_retries,
    }
    inner = []
    if agent.bearer_token:
        endpoint["bearer_token"] = from_variable(agent.bearer_token.variable)
    if agent.basic_auth:
        password = from_variable(agent.basic_auth.password.variable)
        inner.append(Block("basic_auth", attributes={"username": agent.basic_auth.username, "password": password}))
    if agent.tls:
        inner.append(Block("tls_config", attributes=agent.tls.model_dump(exclude_none=True)))
    return Block(
        "loki.write",
        identifier(cluster),
        {"external_labels": agent.labels} if agent.labels else {},
        (Block("endpoint", attributes=endpoint, inner=tuple(inner)),),
        f"Cluster {cluster}.",
    )
