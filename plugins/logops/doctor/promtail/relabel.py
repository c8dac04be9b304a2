"""Rules of `relabel_configs`: read them, and carry them out on known labels.

The semantics are those of Prometheus (prometheus/prometheus, model/relabel/relabel.go).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import re2

from logops.doctor.promtail.value import Value
from logops.doctor.untyped import as_list

_WHOLE = ("(.*)", "(.+)", "^(.*)$", "^(.+)$")
"""Expressions whose first group is the complete value."""
_ALTERNATIVES = re.compile(r"\^?\(?(?:\?:)?([A-Za-z0-9_./ -]+(?:\|[A-Za-z0-9_./ -]+)*)\)?\$?")
_GROUP = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
_ACTIONS = ("replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase")


@dataclass(frozen=True)
class Rule:
    """A rule with Prometheus' defaults."""

    value: Value
    action: str
    sources: tuple[str, ...]
    separator: str
    regex: str
    target: str
    replacement: str

    @property
    def is_copy(self) -> bool:
        """Return whether the rule copies one label."""
        return (
            self.action == "replace"
            and len(self.sources) == 1
            and self.regex in _WHOLE
            and self.replacement in ("$1", "${1}")
        )

    @property
    def constant(self) -> str | None:
        """Return the fixed value that the rule sets; None if the value depends on labels."""
        if self.action != "replace" or "$" in self.replacement.replace("$$", ""):
            return None
        if self.sources and self.regex not in ("(.*)", ".*"):
            return None
        return self.replacement.replace("$$", "$")

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Return the values that the expression lists; () for other expressions. A dot alone stands for itself."""
        match = _ALTERNATIVES.fullmatch(self.regex.replace(r"\.", "."))
        return tuple(match[1].split("|")) if match else ()

    def text(self) -> str:
        """Return the rule in short, for a note."""
        sources = ", ".join(self.sources)
        return f"{self.action} {sources} -> {self.target}" if self.target else f"{self.action} {sources or self.regex}"


def read_rules(configs: Value) -> list[Rule]:
    """Return the rules that are valid. The others, and keys that no rule has, get a note."""
    rules = []
    for value in configs.elements():
        rule = _rule(value)
        if rule.action not in _ACTIONS:
            value.lost(f"the action {rule.action} cannot be carried over")
        elif problem := regex_problem(rule.regex):
            value.lost(problem)
        else:
            rules.append(rule)
    return rules


def _rule(value: Value) -> Rule:
    def text(key: str, default: str) -> str:
        return value.at(key).text() if value.at(key) else default  # type: ignore[return-value]

    return Rule(
        value,
        text("action", "replace").lower(),
        tuple(str(name) for name in as_list(value.at("source_labels").use())),
        text("separator", ";"),
        str(text("regex", "(.*)")),
        text("target_label", ""),
        str(text("replacement", "$1")),
    )


def regex_problem(expression: str) -> str | None:
    """Return why RE2 refuses an expression; None if it does not."""
    from logops.logql.regexes import RegexError, compiled

    try:
        compiled(expression)
    except RegexError as refused:
        return f"RE2 refuses this regular expression: {refused}. Promtail does not start with it either"
    return None


def relabel(labels: Mapping[str, str], rules: list[Rule]) -> dict[str, str] | None:
    """Return the labels after the rules; None if a rule drops the target."""
    current = dict(labels)
    for rule in rules:
        value = rule.separator.join(current.get(name, "") for name in rule.sources)
        match = _match(rule.regex, value)
        if (rule.action == "keep" and match is None) or (rule.action == "drop" and match is not None):
            return None
        current = _changed(current, rule, value, match)
    return {name: value for name, value in current.items() if value}


def _changed(labels: dict[str, str], rule: Rule, value: str, match: Any) -> dict[str, str]:
    match rule.action:
        case "replace" if match is not None:
            return {**labels, _expanded(rule.target, match): _expanded(rule.replacement, match)}
        case "lowercase":
            return {**labels, rule.target: value.lower()}
        case "uppercase":
            return {**labels, rule.target: value.upper()}
        case "labeldrop":
            return {name: text for name, text in labels.items() if _match(rule.regex, name) is None}
        case "labelkeep":
            return {name: text for name, text in labels.items() if _match(rule.regex, name) is not None}
        case "labelmap":
            matches = ((_match(rule.regex, name), text) for name, text in labels.items())
            return labels | {_expanded(rule.replacement, match): text for match, text in matches if match is not None}
    return labels


def _match(expression: str, text: str) -> Any:
    return re2.fullmatch(f"(?s:{expression})", text)


def _expanded(template: str, match: Any) -> str:
    """Replace `$1`, `${1}` and `$name` by the groups of a match, as Go's Regexp.Expand does."""

    def group(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError):
            return ""

    return _GROUP.sub(group, template)
