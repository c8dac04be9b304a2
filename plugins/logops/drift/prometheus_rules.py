"""Compare the rules that a Prometheus has loaded with files of rules. Pure.

Prometheus reads its files when it starts. If they change later, it evaluates other rules than the files have.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from logops.clients.prometheus import LoadedRule
from logops.environment.units import Duration

_FILES = "storage/prometheus/rules/"


@dataclass(frozen=True)
class LoadedRules:
    """The rules that a Prometheus has loaded."""

    rules: Sequence[LoadedRule]
    as_written: Mapping[str, str] = field(default_factory=dict)
    """Expression of a file -> the same expression as Prometheus writes it."""


def expressions(files: Mapping[str, str]) -> set[str]:
    """Return the expressions of all rules in the files of a stage."""
    return {rule.expr for rule in _declared(files) or ()}


def as_written(expression: str, rules: Sequence[LoadedRule], write: Callable[[str], str]) -> str:
    """Return an expression of a file as Prometheus writes it.

    write   asks Prometheus; not called if the expression of a loaded rule differs in blanks only
    """
    loaded = {_without_blanks(rule.expr): rule.expr for rule in rules}
    if known := loaded.get(_without_blanks(expression)):
        return known
    text = " ".join(write(expression).split())
    return loaded.get(_without_blanks(text), text)


def difference(loaded: LoadedRules, files: Mapping[str, str]) -> list[str] | None:
    """Return the diff from the loaded rules to those of the files, as lines; empty: they are the same.

    None: a file is damaged, and Prometheus would not load it.
    """
    declared = _declared(files)
    if declared is None:
        return None
    running = [line for rule in _sorted(loaded.rules) for line in _lines(rule, rule.expr)]
    in_files = [
        line for rule in _sorted(declared) for line in _lines(rule, loaded.as_written.get(rule.expr, rule.expr))
    ]
    return list(difflib.unified_diff(running, in_files, "loaded", "files", lineterm="", n=0))


def differing(lines: Sequence[str]) -> list[str]:
    """Return the names of the rules in a diff.

    >>> differing(["--- loaded", "+++ files", "-loki/process-down for: 9s", "+loki/process-down for: 6s"])
    ['process-down']
    """
    changed = [line[1:] for line in lines if line[0] in "+-" and not line.startswith(("--- ", "+++ "))]
    return list(dict.fromkeys(line.split(" ", 1)[0].rpartition("/")[2] for line in changed))


def _declared(files: Mapping[str, str]) -> list[LoadedRule] | None:
    """Return the rules of the files; None: a file is damaged."""
    try:
        groups = [
            group
            for name in sorted(files)
            if name.startswith(_FILES)
            for group in yaml.safe_load(files[name])["groups"]
        ]
        return [_rule(group["name"], rule) for group in groups for rule in group["rules"]]
    except (LookupError, TypeError, ValueError, AttributeError, yaml.YAMLError):
        return None


def _rule(group: str, rule: Mapping[str, Any]) -> LoadedRule:
    for_s = Duration(rule["for"]).timedelta.total_seconds() if "for" in rule else 0
    name = rule["record"] if "record" in rule else rule["alert"]
    return LoadedRule(group, name, rule["expr"], "", "", for_s, rule.get("labels") or {}, rule.get("annotations") or {})


def _sorted(rules: Sequence[LoadedRule]) -> list[LoadedRule]:
    """Sort by group, as Prometheus lists them. The order within a group counts: one rule may read another."""
    return sorted(rules, key=lambda rule: rule.group)


def _without_blanks(expression: str) -> str:
    return "".join(expression.split())


def _lines(rule: LoadedRule, expression: str) -> Iterator[str]:
    """Yield a rule as lines. Each begins with its name, so that a diff without context says which rule differs."""
    yield f"{rule.group}/{rule.name} expr: {expression}"
    if rule.for_s:
        yield f"{rule.group}/{rule.name} for: {rule.for_s:g}s"
    for kind, values in (("label", rule.labels), ("annotation", rule.annotations)):
        for key, value in sorted(values.items()):
            yield f"{rule.group}/{rule.name} {kind} {key}: {value}"
