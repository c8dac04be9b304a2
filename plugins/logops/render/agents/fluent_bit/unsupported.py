"""Find what Fluent Bit cannot do of a pipeline. It is refused: a key that nothing reads is a defect."""

from collections.abc import Iterator

from logops.environment.agents import Agent
from logops.environment.model import Environment
from logops.environment.pipeline import DropRule, Parse
from logops.environment.problem import Problem
from logops.environment.sources import EventHubSource, JournalSource, PodSource, Source
from logops.environment.storage import StorageAccounts
from logops.errors import LogopsError
from logops.pipelines.stages import ParseJson, stages_of
from logops.render.agents.fluent_bit.backtracking import may_backtrack_for_ever
from logops.render.agents.fluent_bit.expressions import UntranslatableError, onigmo
from logops.render.agents.fluent_bit.time_format import strptime_format

_OTHER_AGENT = "remove it, or use an agent of kind alloy"


class UnsupportedByFluentBitError(LogopsError):
    """An agent of kind fluent-bit has sources that Fluent Bit cannot ship as declared."""


def unsupported(environment: Environment, agent_name: str) -> Iterator[Problem]:
    """Yield a problem for each key that Fluent Bit cannot carry out."""
    agent = environment.agents[agent_name]
    yield from _agent(f"agents.{agent_name}", agent, environment.storage_accounts)
    for name in agent.sources:
        source = environment.sources[name]
        yield from _input(f"sources.{name}", source)
        if agent.archive is None:
            yield from _labels(f"sources.{name}.labels", source.labels)
            yield from _pipeline(f"sources.{name}", source)


def _agent(path: str, agent: Agent, accounts: StorageAccounts) -> Iterator[Problem]:
    defaults = Agent.model_fields
    if agent.batch_size != defaults["batch_size"].default:
        yield _cannot(
            f"{path}.batch_size", "Fluent Bit sends chunks of up to 2 MB, whatever batch_size is", "remove it"
        )
    yield from _labels(f"{path}.labels", agent.labels)
    archive = agent.archive
    if archive and archive.sas_token is None and accounts[archive.storage_account].account_key is None:
        yield _cannot(
            f"{path}.archive.storage_account",
            f"Fluent Bit cannot log in with a managed identity, and {archive.storage_account} has no account key",
            "set archive.sas_token: a shared access signature of the container, with the rights to create and write",
        )


def _labels(path: str, labels: dict[str, str]) -> Iterator[Problem]:
    for name, value in labels.items():
        if "," in value or value.startswith("$") or value != value.strip():
            yield _cannot(
                f"{path}.{name}",
                "Fluent Bit cannot write a label with a comma, with $ at the beginning or with spaces around it",
                "use another value, or an agent of kind alloy",
            )


def _input(path: str, source: Source) -> Iterator[Problem]:
    match source:
        case EventHubSource():
            yield _cannot(
                f"{path}.kind",
                "Fluent Bit cannot take the records of Azure's events apart",
                "use an agent of kind alloy",
            )
        case PodSource() if source.select:
            yield _cannot(f"{path}.select", "Fluent Bit selects pods by their namespace only", _OTHER_AGENT)
        case JournalSource() if source.max_age != JournalSource.model_fields["max_age"].default:
            yield _cannot(f"{path}.max_age", "Fluent Bit reads the journal from its end or its beginning", "remove it")


def _pipeline(path: str, source: Source) -> Iterator[Problem]:
    parse = source.parse
    yield from _expressions(f"{path}.parse", parse)
    yield from (
        problem for index, rule in enumerate(parse.drop) for problem in _drop(f"{path}.parse.drop.{index}", rule)
    )
    if parse.multiline_first_line and parse.multiline_max_lines != Parse.model_fields["multiline_max_lines"].default:
        yield _cannot(
            f"{path}.parse.multiline_max_lines",
            "Fluent Bit limits an entry by its size, not by its lines",
            _OTHER_AGENT,
        )
    if parse.sample:
        yield _cannot(f"{path}.parse.sample", "Fluent Bit cannot send a part of the lines", _OTHER_AGENT)
    if parse.rate_limit and parse.rate_limit.by_label:
        yield _cannot(f"{path}.parse.rate_limit.by_label", "Fluent Bit limits all lines together", _OTHER_AGENT)
    yield from _timestamp(f"{path}.parse.timestamp", source)
    yield from _nested(f"{path}.parse", source)


def _drop(path: str, rule: DropRule) -> Iterator[Problem]:
    if rule.older_than:
        yield _cannot(f"{path}.older_than", "Fluent Bit cannot drop lines by their age", _OTHER_AGENT)
    if rule.longer_than:
        yield _cannot(f"{path}.longer_than", "Fluent Bit cannot drop lines by their length", _OTHER_AGENT)


def _timestamp(path: str, source: Source) -> Iterator[Problem]:
    timestamp = source.parse.timestamp
    if timestamp is None:
        return
    if source.parse.format == "none":
        yield _cannot(
            f"{path}.field", "Fluent Bit takes the timestamp from the container format already", "remove timestamp"
        )
    if strptime_format(timestamp.layout) is None:
        yield _cannot(
            f"{path}.layout",
            f"Fluent Bit cannot read timestamps of the form {timestamp.layout}",
            "use an agent of kind alloy",
        )
    if timestamp.location not in (None, "UTC"):
        yield _cannot(
            f"{path}.location", "Fluent Bit has no time zones with daylight saving", "use an agent of kind alloy"
        )


def _nested(path: str, source: Source) -> Iterator[Problem]:
    """Yield a problem for the output and the tenant, if they are inside of a JSON object."""
    json = next((stage for stage in stages_of(source) if isinstance(stage, ParseJson)), None)
    parse = source.parse
    used = {"output": parse.output, "tenant_from.field": source.tenant_from.field if source.tenant_from else None}
    for key, field in used.items():
        if json and field and len(json.fields.get(field, (field,))) > 1:
            yield _cannot(
                f"{path}.{key}" if "tenant" not in key else f"{path.removesuffix('.parse')}.{key}",
                "Fluent Bit reads this field only at the top of the JSON object",
                "use an agent of kind alloy",
            )


def _expressions(path: str, parse: Parse) -> Iterator[Problem]:
    expressions = {
        "expression": parse.expression,
        "multiline_first_line": parse.multiline_first_line,
        **{f"drop.{index}.expression": rule.expression for index, rule in enumerate(parse.drop)},
    }
    for key, expression in expressions.items():
        try:
            onigmo(expression or "")
        except UntranslatableError as part:
            yield _cannot(f"{path}.{key}", f"Fluent Bit's regular expressions do not have {part}", "write it without")
        if may_backtrack_for_ever(expression or ""):
            yield _cannot(
                f"{path}.{key}",
                "a repetition of repetitions, as in (a+)+: a single line could stop Fluent Bit for ever",
                "remove the inner or the outer repetition, or use an agent of kind alloy",
            )


def _cannot(path: str, found: str, advice: str) -> Problem:
    return Problem(path, found, advice)
