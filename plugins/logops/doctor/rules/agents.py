"""What agents do with lines on their way."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from fnmatch import fnmatchcase

from logops.doctor.deployment import Agent, Deployment, Pipeline
from logops.doctor.helm_chart import GATEWAY_PORT
from logops.doctor.rules.rule import RuleFinding
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
"""Names of fields with as many values as there are lines, requests, users or pods."""

_FORGOTTEN = re.compile(r"/tmp(/|$)|/var/tmp(/|$)|/dev/shm(/|$)")
_READ_BEFORE_JOINED = ("regex", "json", "logfmt", "labels", "timestamp", "output", "pack", "template")
_BARE_WORD = re.compile(r"(?:\(\?[a-z]+\))?(?:\^?\.\*)?\(?((?!debug|trace)[a-z]{2,})\)?(?:\.\*\$?)?", re.IGNORECASE)
"""A word with nothing around it that would tell it from other words. Levels that are noise anyway may be dropped so."""
_POD_FOLDERS = ("/var/log/pods/", "/var/log/containers/", "/var/lib/docker/containers/")


def high_cardinality_label(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Labels named after fields that have a value for every line, request, user or pod."""
    for agent in deployment.agents:
        seen = set()
        for label, location in agent.labels:
            if location in seen:
                continue
            if label == "*":
                message = (
                    f"{agent.name} makes a label of every Kubernetes label a pod has, pod-template-hash among them"
                )
            elif _UNBOUNDED.fullmatch(re.sub(r"[^a-z0-9]+", "_", _snake(label))):
                message = f"{agent.name} makes a label of {label}, which has nearly as many values as there are lines"
            else:
                continue
            seen.add(location)
            yield RuleFinding(classes.HIGH_CARDINALITY_LABEL, location, message, source=agent.name)


def agent_end_of_life(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Agents past the day on which their makers stopped."""
    for agent in deployment.agents:
        end = END_OF_LIFE.get(agent.kind)
        if end and as_of.date() >= end:
            since = (as_of.date() - end).days
            message = f"{agent.name} is {agent.kind.capitalize()}, whose life ended on {end}, {since} days ago"
            yield RuleFinding(
                classes.AGENT_END_OF_LIFE, agent.location, message, source=agent.name, evidence={"days_past": since}
            )


def agent_position_lost(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Positions in a folder that a restart empties, or none."""
    for agent in deployment.agents:
        for file, location in agent.positions:
            if file is None:
                message = (
                    f"{location.path} keeps no position: {agent.name} starts over, or skips lines, after a restart"
                )
            elif _FORGOTTEN.match(file):
                message = f"{location.path} is {file}, which does not outlive the container"
            else:
                continue
            yield RuleFinding(classes.AGENT_POSITION_LOST, location, message, source=agent.name)


def agent_port_wrong(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Pushes to the chart's gateway, past the port of its service."""
    for cluster in deployment.clusters:
        if cluster.values is None or cluster.values.get("gateway", "enabled") is False:
            continue
        port = cluster.values.get("gateway", "service", "port") or GATEWAY_PORT
        for agent in deployment.agents:
            for push in agent.pushes:
                if push.host.split(".")[0] == "loki-gateway" and push.port != port:
                    message = f"{agent.name} sends to {push.host}:{push.port}; the gateway's service has port {port}"
                    evidence = {"port": push.port, "gateway_port": port}
                    yield RuleFinding(
                        classes.AGENT_PORT_WRONG, push.location, message, source=agent.name, evidence=evidence
                    )


def variable_not_expanded(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Variables that stay as they are written."""
    for agent in deployment.agents:
        for variable, location in agent.literals:
            message = f"{location.path} is taken as the text {variable}: {agent.name} is not told to expand variables"
            yield RuleFinding(classes.VARIABLE_NOT_EXPANDED, location, message, source=agent.name)


def drop_too_broad(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Expressions that are a bare word, or several."""
    for agent in deployment.agents:
        for expression, location in agent.drops:
            words = [match[1] for part in _alternatives(expression) if (match := _BARE_WORD.fullmatch(part))]
            if words:
                shown = ", ".join(words)
                message = f"{agent.name} drops every line that contains {shown}, in other words too, whatever its level"
                yield RuleFinding(
                    classes.DROP_TOO_BROAD, location, message, source=agent.name, evidence={"words": len(words)}
                )


def pipeline_stage_useless(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Stages that read lines of another format, or lines that other stages took apart already."""
    for agent, pipeline, index, name in _stages(deployment):
        before = [str(next(iter(stage), "")) for stage in pipeline.stages[:index]]
        read = [stage for stage in before if stage in _READ_BEFORE_JOINED]
        if name == "docker" and pipeline.pods:
            message = (
                "the docker stage reads Docker's JSON; Kubernetes writes pods' lines in the CRI format since 1.24,"
                " so time and stream stay in the line"
            )
            remedy = "Write `cri: {}` instead."
        elif name == "multiline" and read:
            message = (
                f"the multiline stage comes after {', '.join(read)}: a line's continuation is read as a line of its"
                " own, and with other labels it is never joined"
            )
            remedy = "Put multiline first, after cri."
        else:
            continue
        location = pipeline.location.at(index, name)
        yield RuleFinding(classes.PIPELINE_STAGE_USELESS, location, message, source=agent.name, remedy=remedy)


def source_shipped_twice(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """The same files in two agents; /var/log/containers are links to /var/log/pods."""
    for position, agent in enumerate(deployment.agents):
        for glob, location in agent.reads:
            twins = [
                other.name for other in deployment.agents[:position] if any(_same(glob, g) for g, _ in other.reads)
            ]
            if twins:
                message = f"{agent.name} tails {glob}, and so does {twins[0]}"
                evidence = {"other_agents": len(twins)}
                yield RuleFinding(classes.SOURCE_SHIPPED_TWICE, location, message, source=agent.name, evidence=evidence)


def _stages(deployment: Deployment) -> Iterator[tuple[Agent, Pipeline, int, str]]:
    for agent in deployment.agents:
        for pipeline in agent.pipelines:
            for index, stage in enumerate(pipeline.stages):
                for name in stage:
                    yield agent, pipeline, index, str(name)


def _alternatives(expression: str) -> list[str]:
    """The parts between the `|` that stand in no group; of a group around everything, its parts."""
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


def _same(one: str, other: str) -> bool:
    pods = [any(glob.startswith(folder) for folder in _POD_FOLDERS) for glob in (one, other)]
    return all(pods) or one == other or fnmatchcase(one, other) or fnmatchcase(other, one)


def _snake(label: str) -> str:
    """`requestId` as `request_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()
