"""Translate relabelling of labels that only the input knows: of pods, of the journal, of syslog messages.

Such a source has labels with fixed names in an environment. A rule is carried over if it copies a label that the source
has, or sets a fixed label.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from logops.doctor.promtail.quantity import label_problem
from logops.doctor.promtail.relabel import Rule


@dataclass
class InputLabels:
    """The labels of a source.

    copied      label of the input -> label that an environment gives to the lines
    fixed       labels with the same value for every line
    made        labels of `copied` that the rules make
    """

    copied: Mapping[str, str]
    fixed: dict[str, str]
    made: set[str] = field(default_factory=set)
    keys: dict[str, Any] = field(default_factory=dict)
    """More keys of the source."""

    def add(self, rule: Rule) -> bool:
        """Carry a rule over if it sets a fixed label, or copies a known one. Return whether it was."""
        if rule.action != "replace" or rule.target.startswith("__"):
            return False
        if rule.constant is not None:
            return self._add_fixed(rule, rule.constant)
        if not rule.is_copy or rule.sources[0] not in self.copied:
            return False
        name = self.copied[rule.sources[0]]
        self.made.add(name)
        if rule.target == name:
            rule.value.use()
        else:
            rule.value.changed(f"the label {rule.target} has the name {name} now: change queries and alerts")
        return True

    def _add_fixed(self, rule: Rule, value: str) -> bool:
        if problem := label_problem(rule.target):
            rule.value.lost(problem)
        elif value:
            rule.value.use()
            self.fixed[rule.target] = value
        else:
            rule.value.use()
            self.fixed.pop(rule.target, None)
        return True

    @property
    def added(self) -> list[str]:
        """Return labels that lines get although no rule makes them, sorted."""
        return sorted(set(self.copied.values()) - self.made)


def note_not_carried(rule: Rule) -> None:
    """Note that a rule could not be carried over, and why."""
    value, sources = rule.value, ", ".join(rule.sources)
    if rule.target.startswith("__tmp") or (rule.target.startswith("__") and rule.target != "__path__"):
        value.lost(f"{rule.target} is only read by other rules")
    elif rule.action in ("keep", "drop"):
        kept = "lines that Promtail drops are sent" if rule.action == "keep" else "lines are sent that Promtail drops"
        value.lost(f"{rule.text()}: a source of this kind cannot select by {sources or 'this'}, so {kept}")
    elif rule.action == "labelmap":
        value.lost(f"labelmap {rule.regex}: name each label, because every label multiplies the streams")
    elif rule.action in ("labeldrop", "labelkeep"):
        value.lost(f"{rule.action} {rule.regex}: the labels of this kind of source are fixed")
    elif len(rule.sources) > 1:
        value.lost(f"the label {rule.target} is made of {sources}: a source cannot join labels")
    elif rule.is_copy:
        value.lost(f"the label {rule.target} comes from {sources}, which a source of this kind does not have")
    else:
        value.lost(f"the label {rule.target} is a part of {sources} ({rule.regex}): a source copies whole labels")
