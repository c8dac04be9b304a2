"""Fluent Bit's configuration, classic or YAML, as an agent.

Format: docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/configuration-file.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from logops.doctor.deployment import Agent, Location, PushTarget
from logops.doctor.untyped import as_list, as_mapping

_SECTION = re.compile(r"^\[(\w+)\][ \t]*$", re.MULTILINE)
_LINE = re.compile(r"^[ \t]+(\S+)(?:[ \t]+(.*?))?[ \t]*$", re.MULTILINE)
_LABEL = re.compile(r"^\s*\$?(\w+)\s*=|^\s*\$(?:\w+\[')?(\w+)")
_FILES = ("tail", "systemd")


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its kind (INPUT, FILTER, OUTPUT...), its keys in lower case, and each key's location."""

    kind: str
    keys: Mapping[str, str]
    locations: Mapping[str, Location]
    location: Location

    def at(self, key: str) -> Location:
        return self.locations.get(key.lower(), self.location.at(key))


def is_classic(text: str) -> bool:
    """Whether text is a classic configuration file: sections, and an output or input among them."""
    return bool(re.search(r"^\[(INPUT|OUTPUT|FILTER)\]\s*$", text, re.MULTILINE))


def read_classic(text: str, name: str, location: Location) -> Agent:
    """An agent of the classic format: `[SECTION]`, then indented `Key value` lines."""
    return _agent(name, location, list(_classic_sections(text, location)))


def read_pipeline(pipeline: Mapping[str, Any], name: str, location: Location) -> Agent:
    """An agent of the YAML format: `pipeline: {inputs: [...], filters: [...], outputs: [...]}`."""
    sections = []
    for kind in ("inputs", "filters", "outputs"):
        for index, plugin in enumerate(as_list(pipeline.get(kind))):
            where = location.at(kind, index)
            keys = {str(key).lower(): str(value) for key, value in as_mapping(plugin).items()}
            locations = {str(key).lower(): where.at(str(key)) for key in as_mapping(plugin)}
            sections.append(Section(kind.removesuffix("s").upper(), keys, locations, where))
    return _agent(name, location, sections)


def _agent(name: str, location: Location, sections: list[Section]) -> Agent:
    inputs = [s for s in sections if s.kind == "INPUT" and s.keys.get("name") in _FILES]
    outputs = [s for s in sections if s.kind == "OUTPUT" and s.keys.get("name") == "loki"]
    return Agent(
        name,
        "fluent-bit",
        location,
        labels=tuple(label for output in outputs for label in _labels(output)),
        tenants=tuple(
            s.at(key) for s in outputs for key in ("tenant_id", "tenant_id_key", "header") if _tenant(s, key)
        ),
        pushes=tuple(push for output in outputs if (push := _push(output))),
        reads=tuple((path.strip(), s.at("path")) for s in inputs for path in s.keys.get("path", "").split(",") if path),
        positions=tuple((s.keys.get("db"), s.at("DB")) for s in inputs),
    )


def _tenant(output: Section, key: str) -> bool:
    value = output.keys.get(key, "")
    return "X-Scope-OrgID" in value if key == "header" else bool(value)


def _labels(output: Section) -> Iterator[tuple[str, Location]]:
    for key in ("labels", "label_keys"):
        for part in output.keys.get(key, "").split(","):
            match = _LABEL.match(part)
            # `name=${VARIABLE}` and `name=text` have one value; a value that starts with $ is taken from the record.
            constant = key == "labels" and "=" in part and not re.search(r"=\s*\$(?!\{)", part)
            if match and not constant:
                yield (match[1] or match[2]), output.at(key)
    if output.keys.get("auto_kubernetes_labels", "").lower() in ("true", "on", "yes"):
        yield "*", output.at("auto_kubernetes_labels")


def _push(output: Section) -> PushTarget | None:
    port = output.keys.get("port", "3100")
    return PushTarget(output.at("port"), output.keys.get("host", "127.0.0.1"), int(port)) if port.isdigit() else None


def _classic_sections(text: str, location: Location) -> Iterator[Section]:
    counts: Counter[str] = Counter()
    for found in _SECTION.finditer(text):
        kind = found[1].upper()
        where = location.at(kind, counts[kind])
        counts[kind] += 1
        lines = _LINE.findall(_SECTION.split(text[found.end() :], maxsplit=1)[0])
        keys = {key.lower(): value for key, value in lines if not key.startswith("#")}
        yield Section(kind, keys, {key.lower(): where.at(key) for key, _ in lines}, where)
