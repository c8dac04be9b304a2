"""Read Fluent Bit's configuration, in the classic format or in YAML, as an agent.

Format: docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/configuration-file.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from logops.doctor.deployment import Agent, Location, PushTarget
from logops.doctor.untyped import as_list, as_mapping

_SECTION = re.compile(r"^\[(\w+)\][ \t]*$", re.MULTILINE)
_LINE = re.compile(r"^[ \t]+(\S+)(?:[ \t]+(.*?))?[ \t]*$", re.MULTILINE)
_LABEL = re.compile(r"^\s*\$?(\w+)\s*=|^\s*\$(?:\w+\[')?(\w+)")
_INCLUDE = re.compile(r"^@INCLUDE[ \t]+(\S+)", re.MULTILINE)
_CLASSIC_LINE = re.compile(r"^\[(INPUT|OUTPUT|FILTER|SERVICE|PARSER|MULTILINE_PARSER)\]\s*$|^@INCLUDE\s", re.MULTILINE)
_KEYS_OF_GRAFANA_LOKI = {
    "labelkeys": "label_keys",
    "lineformat": "line_format",
    "removekeys": "remove_keys",
    "dropsinglekey": "drop_single_key",
    "labelmappath": "label_map_path",
    "autokuberneteslabels": "auto_kubernetes_labels",
    "tenantid": "tenant_id",
    "loglevel": "log_level",
    "url": "host, port and uri",
    "batchwait": "",
    "batchsize": "",
    "minbackoff": "",
    "maxbackoff": "",
    "maxretries": "retry_limit",
}
"""Keys of the plugin grafana-loki, in lower case -> the key of the plugin loki, or "" if it has none.

Source: grafana.com/docs/loki/latest/send-data/fluentbit and docs.fluentbit.io/manual/pipeline/outputs/loki.
"""
_FILE_INPUTS = ("tail", "systemd")


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its kind (INPUT, FILTER, OUTPUT...), its keys in lower case, and the location of each key."""

    kind: str
    keys: Mapping[str, str]
    locations: Mapping[str, Location]
    location: Location

    def at(self, key: str) -> Location:
        """Return the location of a key, or the location at which it could be set."""
        return self.locations.get(key.lower(), self.location.at(key))


def is_classic(text: str) -> bool:
    """Return whether a text is in the classic format and has an input, a filter or an output."""
    return bool(re.search(r"^\[(INPUT|OUTPUT|FILTER)\]\s*$", text, re.MULTILINE))


def is_classic_file(text: str) -> bool:
    """Return whether a text is in the classic format. It may have only parsers, or only includes."""
    return bool(_CLASSIC_LINE.search(text))


def missing_includes(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the includes that match none of these files: the file with the include, and the name or pattern in it.

    texts   the files of one configuration, by name
    """
    names = [PurePosixPath(file).name for file in texts]
    return [
        (file, pattern)
        for file, text in texts.items()
        for pattern in _INCLUDE.findall(text)
        if not any(fnmatchcase(name, PurePosixPath(pattern).name) for name in names)
    ]


def read_classic(text: str, name: str, location: Location) -> Agent:
    """Return the agent of a text in the classic format: `[SECTION]`, then indented `Key value` lines."""
    return _agent(name, location, list(_classic_sections(text, location)))


def read_classic_files(texts: Mapping[str, str], name: str, location: Location) -> Agent | None:
    """Return the agent of several files of one configuration, by name; None if no file has an input or an output.

    Fluent Bit reads the first file, and the others where it has `@INCLUDE NAME`.
    """
    if not any(map(is_classic, texts.values())):
        return None
    sections = [section for file, text in texts.items() for section in _classic_sections(text, location.at(file))]
    only = location.at(next(iter(texts))) if len(texts) == 1 else location
    return _agent(name, only, sections)


def read_pipeline(pipeline: Mapping[str, Any], name: str, location: Location) -> Agent:
    """Return the agent of the YAML format: `pipeline: {inputs: [...], filters: [...], outputs: [...]}`."""
    sections = []
    for kind in ("inputs", "filters", "outputs"):
        for index, plugin in enumerate(as_list(pipeline.get(kind))):
            section_location = location.at(kind, index)
            keys = {str(key).lower(): str(value) for key, value in as_mapping(plugin).items()}
            locations = {str(key).lower(): section_location.at(str(key)) for key in as_mapping(plugin)}
            sections.append(Section(kind.removesuffix("s").upper(), keys, locations, section_location))
    return _agent(name, location, sections)


def offset_in_classic(text: str, path: str) -> int:
    """Return the offset of a path such as `INPUT[0].Path`, or of its section if the section does not have the key."""
    step = re.match(r"(\w+)\[(\d+)\](?:\.(.+))?", path)
    sections = [match for match in _SECTION.finditer(text) if step and match[1].upper() == step[1]]
    if step is None or int(step[2]) >= len(sections):
        return 0
    section = sections[int(step[2])]
    following = _SECTION.search(text, section.end())
    for line in _LINE.finditer(text, section.end(), following.start() if following else len(text)):
        if line[1].lower() == (step[3] or "").lower():
            return line.start(1)
    return section.start()


def _agent(name: str, location: Location, sections: list[Section]) -> Agent:
    inputs = [s for s in sections if s.kind == "INPUT" and s.keys.get("name") in _FILE_INPUTS]
    outputs = [s for s in sections if s.kind == "OUTPUT" and s.keys.get("name") == "loki"]
    return Agent(
        name,
        "fluent-bit",
        location,
        labels=tuple(label for output in outputs for label in _labels(output)),
        tenants=tuple(
            s.at(key) for s in outputs for key in ("tenant_id", "tenant_id_key", "header") if _sets_tenant(s, key)
        ),
        push_targets=tuple(target for output in outputs if (target := _push_target(output))),
        tailed_globs=tuple(
            (path.strip(), s.at("path")) for s in inputs for path in s.keys.get("path", "").split(",") if path
        ),
        position_files=tuple((s.keys.get("db"), s.at("DB")) for s in inputs),
        refused_keys=tuple(
            (_KEYS_OF_GRAFANA_LOKI[key], s.at(key)) for s in outputs for key in s.keys if key in _KEYS_OF_GRAFANA_LOKI
        ),
    )


def _sets_tenant(output: Section, key: str) -> bool:
    value = output.keys.get(key, "")
    return "X-Scope-OrgID" in value if key == "header" else bool(value)


def _labels(output: Section) -> Iterator[tuple[str, Location]]:
    for key in ("labels", "label_keys"):
        for part in output.keys.get(key, "").split(","):
            match = _LABEL.match(part)
            # `name=${VARIABLE}` and `name=text` have one value. A value that starts with $ comes from the record.
            constant = key == "labels" and "=" in part and not re.search(r"=\s*\$(?!\{)", part)
            if match and not constant:
                yield (match[1] or match[2]), output.at(key)
    if output.keys.get("auto_kubernetes_labels", "").lower() in ("true", "on", "yes"):
        yield "*", output.at("auto_kubernetes_labels")


def _push_target(output: Section) -> PushTarget | None:
    port = output.keys.get("port", "3100")
    return PushTarget(output.at("port"), output.keys.get("host", "127.0.0.1"), int(port)) if port.isdigit() else None


def _classic_sections(text: str, location: Location) -> Iterator[Section]:
    counts: Counter[str] = Counter()
    for match in _SECTION.finditer(text):
        kind = match[1].upper()
        section_location = location.at(kind, counts[kind])
        counts[kind] += 1
        lines = _LINE.findall(_SECTION.split(text[match.end() :], maxsplit=1)[0])
        keys = {key.lower(): value for key, value in lines if not key.startswith("#")}
        yield Section(kind, keys, {key.lower(): section_location.at(key) for key, _ in lines}, section_location)
