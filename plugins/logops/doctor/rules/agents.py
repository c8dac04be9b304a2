"""Rules for agents: labels, positions, pipelines and push targets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from logops.doctor.deployment import Agent, Deployment, Pipeline
from logops.doctor.helm_chart import GATEWAY_PORT
from logops.doctor.rules.rule import RuleFinding
from logops.doctor.untyped import as_list, as_mapping
from logops.findings.classes import doctor as classes

END_OF_LIFE = {"promtail": date(2026, 3, 2)}
"""Source: grafana.com/docs/loki/latest/send-data/promtail."""

_UNBOUNDED = re.compile(
    r"(x_)?(trace|span|request|req|correlation|session|transaction|message|event|user|customer|order|container|pod|process)"
    r"_?(id|uid|uuid|guid)|uuid|guid|id|(client|remote|source|src|peer|host|pod)?_?(ip|ipaddr|ip_address|address|addr)"
    r"|timestamp|time|ts|datetime|date|duration|latency(_ms)?|elapsed|bytes|size|pid|tid|thread|thread_id|email"
    r"|user(_?name)?|url|uri|path|query|request_uri|referer|user_agent|msg|message|line|log|stack|stacktrace|hash|checksum"
    r"|pod_template_hash|controller_revision_hash"
)
"""Names of fields that have a different value for nearly every line, request, user or pod."""

_TEMPORARY_FOLDER = re.compile(r"/tmp(/|$)|/var/tmp(/|$)|/dev/shm(/|$)")
_PARSING_STAGES = ("regex", "json", "logfmt", "labels", "timestamp", "output", "pack", "template")
_BARE_WORD = re.compile(r"(?:\(\?[a-z]+\))?(?:\^?\.\*)?\(?((?!debug|trace)[a-z]{2,})\)?(?:\.\*\$?)?", re.IGNORECASE)
"""A word without a boundary, so that it also matches inside other words. The levels debug and trace may be dropped."""
_POD_FOLDERS = ("/var/log/pods/", "/var/log/containers/", "/var/lib/docker/containers/")
"""Different paths of the same files: /var/log/containers has links to /var/log/pods."""


def high_cardinality_label(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report labels made from fields with a different value for nearly every line, request, user or pod."""
    for agent in deployment.agents:
        reported = set()
        for label, location in agent.labels:
            if location in reported:
                continue
            if label == "*":
                message = (
                    f"agent {agent.name} makes a label from every Kubernetes label of a pod, also from"
                    " pod-template-hash"
                )
            elif _UNBOUNDED.fullmatch(re.sub(r"[^a-z0-9]+", "_", _snake_case(label))):
                message = f"agent {agent.name} makes a label from {label}, which differs in nearly every line"
            else:
                continue
            reported.add(location)
            yield RuleFinding(classes.HIGH_CARDINALITY_LABEL, location, message, source=agent.name)


def agent_end_of_life(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report agents that are past their end of life."""
    for agent in deployment.agents:
        end = END_OF_LIFE.get(agent.kind)
        if end and as_of.date() >= end:
            days_past = (as_of.date() - end).days
            message = (
                f"agent {agent.name} is {agent.kind.capitalize()}, which reached its end of life on {end},"
                f" {days_past} days ago"
            )
            yield RuleFinding(
                classes.AGENT_END_OF_LIFE, agent.location, message, source=agent.name, evidence={"days_past": days_past}
            )


def agent_position_lost(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report agents that store no position, or store it in a folder that a restart empties."""
    for agent in deployment.agents:
        for file, location in agent.position_files:
            if file is None:
                message = (
                    f"{location.path} is not set, so agent {agent.name} stores no position: after a restart it"
                    " sends lines twice or skips lines"
                )
            elif _TEMPORARY_FOLDER.match(file):
                message = f"{location.path} is {file}, a temporary folder that is lost with the container"
            else:
                continue
            yield RuleFinding(classes.AGENT_POSITION_LOST, location, message, source=agent.name)


def agent_port_wrong(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report agents that send to the chart's gateway, but not to the port of its service."""
    for cluster in deployment.clusters:
        if cluster.values is None or cluster.values.get("gateway", "enabled") is False:
            continue
        port = cluster.values.get("gateway", "service", "port") or GATEWAY_PORT
        for agent in deployment.agents:
            for target in agent.push_targets:
                if target.host.split(".")[0] == "loki-gateway" and target.port != port:
                    message = (
                        f"agent {agent.name} sends to {target.host}:{target.port}, but the gateway's service has"
                        f" port {port}"
                    )
                    evidence = {"port": target.port, "gateway_port": port}
                    yield RuleFinding(
                        classes.AGENT_PORT_WRONG, target.location, message, source=agent.name, evidence=evidence
                    )


def drop_too_broad(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report drop expressions that are a bare word, or have a bare word as an alternative."""
    for agent in deployment.agents:
        for expression, location in agent.drop_expressions:
            if words := bare_words(expression):
                message = (
                    f"agent {agent.name} drops every line that contains {', '.join(words)}, also inside longer words"
                    " and at every level"
                )
                evidence = {"words": len(words)}
                yield RuleFinding(classes.DROP_TOO_BROAD, location, message, source=agent.name, evidence=evidence)


def bare_words(expression: str) -> list[str]:
    """Return the alternatives of an expression that are a bare word, so that they also match inside of longer words.

    >>> bare_words(".*health.*|^GET /ping ")
    ['health']
    """
    return [match[1] for part in _alternatives(expression) if (match := _BARE_WORD.fullmatch(part))]


def pipeline_stage_useless(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report stages that expect lines of another format, or that follow a stage which must come later."""
    for agent, pipeline, index, name in _stages(deployment):
        earlier = [str(next(iter(stage), "")) for stage in pipeline.stages[:index]]
        parsing = [stage for stage in earlier if stage in _PARSING_STAGES]
        if name == "docker" and pipeline.pods:
            message = (
                "the docker stage parses Docker's JSON, but since 1.24 Kubernetes writes the lines of pods in the CRI"
                " format: timestamp and stream are left in the line"
            )
            remedy = "Write `cri: {}` instead."
        elif name == "multiline" and parsing:
            message = (
                f"the multiline stage comes after {', '.join(parsing)}: a continuation line is parsed separately, and"
                " if its labels differ it is never joined"
            )
            remedy = "Put multiline first, after cri."
        else:
            continue
        location = pipeline.location.at(index, name)
        yield RuleFinding(classes.PIPELINE_STAGE_USELESS, location, message, source=agent.name, remedy=remedy)


def pod_lines_unparsed(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report jobs that read the logs of pods and do not parse the format of the container runtime."""
    for agent in deployment.agents:
        for pipeline in agent.pipelines:
            if pipeline.pods and not _parses_runtime(pipeline.stages):
                message = f"agent {agent.name} reads the logs of pods, but {pipeline.location.path} has no stage cri"
                yield RuleFinding(classes.POD_LINES_UNPARSED, pipeline.location, message, source=agent.name)


def path_matches_nothing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report jobs that read no file."""
    for agent in deployment.agents:
        for path in agent.unmatched_paths:
            message = f"a job of agent {agent.name} {path.reason}"
            yield RuleFinding(
                classes.PATH_MATCHES_NOTHING, path.location, message, source=agent.name, remedy=path.remedy
            )


def source_shipped_twice(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report files that two agents tail."""
    for position, agent in enumerate(deployment.agents):
        for glob, location in agent.tailed_globs:
            other_agents = [
                other.name
                for other in deployment.agents[:position]
                if any(_same_files(glob, other_glob) for other_glob, _ in other.tailed_globs)
            ]
            if other_agents:
                message = f"agent {agent.name} tails {glob}, and so does agent {other_agents[0]}"
                evidence = {"other_agents": len(other_agents)}
                yield RuleFinding(classes.SOURCE_SHIPPED_TWICE, location, message, source=agent.name, evidence=evidence)


def _stages(deployment: Deployment) -> Iterator[tuple[Agent, Pipeline, int, str]]:
    for agent in deployment.agents:
        for pipeline in agent.pipelines:
            for index, stage in enumerate(pipeline.stages):
                for name in stage:
                    yield agent, pipeline, index, str(name)


def _parses_runtime(stages: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a stage parses lines of a container runtime, also a regex or a stage inside `match`."""
    for stage in stages:
        inner = as_mapping(stage.get("match")).get("stages")
        regex = str(as_mapping(stage.get("regex")).get("expression", ""))
        if stage.keys() & {"cri", "docker"} or "stdout" in regex or "stream" in regex:
            return True
        if _parses_runtime([as_mapping(inner_stage) for inner_stage in as_list(inner)]):
            return True
    return False


def _alternatives(expression: str) -> list[str]:
    """Split an expression at each `|` outside of a group. A group around the complete expression is removed first."""
    inner = re.fullmatch(r"\((?:\?:)?([^()]*)\)", expression)
    expression = inner[1] if inner else expression
    depth, parts = 0, [""]
    for letter in expression:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _same_files(glob: str, other: str) -> bool:
    pods = [any(path.startswith(folder) for folder in _POD_FOLDERS) for path in (glob, other)]
    return all(pods) or glob == other or fnmatchcase(glob, other) or fnmatchcase(other, glob)


def _snake_case(label: str) -> str:
    """Return `request_id` for `requestId`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()
