"""The pipeline of a source, while the stages of Promtail are read."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from logops.doctor.promtail.value import Value
from logops.environment.pipeline_problems import CONTAINER_FIELDS
from logops.logql.regexes import NAMED_GROUP

_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass
class Use:
    """A key of `parse` that uses a field, and the value that says so."""

    key: str
    field: str
    value: Value


@dataclass
class MigratedPipeline:
    """The key `parse` of a source, and what stages say about its labels and its tenant.

    labels    fixed labels of the source
    pods      true if the lines come from pods
    fields    field -> key of JSON or logfmt
    """

    labels: dict[str, str]
    pods: bool
    keys: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    tenant: str | None = None
    stages: list[tuple[str, Value]] = field(default_factory=list)
    """Kind and value of the stages that were carried over, in the order of the file."""
    uses: list[Use] = field(default_factory=list)
    lost_fields: set[str] = field(default_factory=set)
    """Fields of stages that were not carried over."""

    def add(self, key: str, value: Any) -> None:
        values = self.keys.setdefault(key, [])
        if value not in values:
            values.append(value)

    def rule_name(self, reason: Value, kind: str) -> str:
        """Return the name of a drop or sampling rule. A reason that an environment does not accept gets a note."""
        reason_text = reason.text()
        name = _NAME.sub("-", (reason_text or "").lower()).strip("-0123456789")[:40].rstrip("-")
        rules = [rule["name"] for key in ("drop", "sample") for rule in self.keys.get(key, [])]
        if not name or name in rules:
            number = len(self.keys.get(kind, [])) + 1
            name = f"{name[:36] or kind}-{number}"
        if reason_text and reason_text != name:
            reason.changed(f"the reason {reason_text} has the name {name} now, also in metrics")
        return name

    def forget_unknown(self, input_labels: Collection[str]) -> None:
        """Remove uses of fields that no stage makes any more."""
        known = {*self.fields, *self.labels, *input_labels, *NAMED_GROUP.findall(self.keys.get("expression", ""))}
        container = "cri" if self.pods else self.keys.get("container_format")
        known |= {*CONTAINER_FIELDS[container]} if container else set()
        for use in self.uses:
            if use.field in known or not self._forget(use):
                continue
            if use.field in self.lost_fields:
                use.value.lost(f"it needs the field {use.field}, which a stage makes that was not carried over")
            else:
                use.value.changed(f"no stage makes the field {use.field}, so this did nothing. It was left out")

    def _forget(self, use: Use) -> bool:
        """Remove a use of a field. Return whether it was there."""
        current = self.keys.get(use.key)
        match use.key:
            case "timestamp" | "output":
                there = current is not None
                self.keys.pop(use.key, None)
                return there
            case "drop":
                kept = [rule for rule in current or [] if rule.get("field") != use.field]
            case _:
                kept = [name for name in current or [] if name != use.field]
        there = kept != (current or [])
        if kept:
            self.keys[use.key] = kept
        else:
            self.keys.pop(use.key, None)
        return there

    def parsed(self) -> dict[str, Any]:
        """Return the key `parse`."""
        keys = dict(self.keys)
        if keys.get("format") in ("json", "logfmt") and any(name != key for name, key in self.fields.items()):
            keys["fields"] = self.fields
        return keys
