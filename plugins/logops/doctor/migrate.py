"""Migrate the Loki configuration in a file to 3.7 and keep the comments and the order."""

import re
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import datetime
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from logops.doctor.charts import Chart, recognise, wrapped
from logops.doctor.deployment import HelmValues, Location
from logops.doctor.helm_chart import RENAMED_SECTIONS
from logops.doctor.helm_keys import ignored_keys
from logops.doctor.promtail.templates import TEMPLATE
from logops.doctor.reading.loki import is_loki_config
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.upgrade import upgrade

_ACCEPTED = "a Loki configuration, Helm values with a `loki` section, or a ConfigMap with a Loki configuration"
_TO_CURRENT = (
    f"Only Loki's configuration was migrated. Loki 3 needs the chart {Chart.LOKI.full_name}, which has other keys"
)
_LIST_BELOW_KEY = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*\n( *)- ", re.MULTILINE)


def migrate(text: str, file: str, as_of: datetime, chart: Chart | None = None) -> str:
    """Return the text with its Loki configuration changed so that Loki 3.7.8 starts with it.

    Comments and order are kept. A header lists the changes. Values that work are kept, even if the doctor advises
    against them. A new schema period starts on the day after `as_of` (UTC).

    chart   the chart that Helm values are for; None: the one that their keys show

    Raises DocumentError if the text is not YAML, contains no Loki configuration, or contains a template.
    """
    parse(text, file)
    yaml = _yaml_like(text)
    documents = list(yaml.load_all(text))
    if not any(_has_loki_config(document) for document in documents):
        raise DocumentError(file, "contains no Loki configuration", _ACCEPTED)
    charts = dict.fromkeys(found for document in documents for found in _charts(document, file, chart))
    changes = [change for document in documents for change in _migrate(document, as_of, chart)]
    return _header(changes, charts, as_of) + _dumped(yaml, documents)


def _charts(document: Any, file: str, chart: Chart | None) -> Iterator[Chart]:
    """Yield the chart of Helm values. Raises DocumentError if their configuration is a template."""
    values = document.get(wrapped(document), document)
    if document.get("kind") == "ConfigMap" or not isinstance(values.get("loki"), MutableMapping):
        return
    if TEMPLATE.search(str(values["loki"].get("config"))):
        found = "loki.config has templates, which only Helm can evaluate, so it cannot be migrated"
        raise DocumentError(file, found, "the ConfigMap that `helm template` renders")
    yield chart or recognise(values)


def _migrate(document: Any, as_of: datetime, chart: Chart | None) -> Iterator[str]:
    if document.get("kind") == "ConfigMap":
        for key in [key for key, text in document["data"].items() if _is_loki_text(text)]:
            yield from _migrate_text(document["data"], key, f"data.{key}", as_of)
    elif key := wrapped(document):
        yield from (f"{key}.{change}" for change in _migrate(document[key], as_of, chart))
    elif isinstance(loki := document.get("loki"), MutableMapping):
        yield from _move_ignored(document, chart or recognise(document))
        yield from (f"loki.{change}" for change in _migrate_values(loki, as_of))
        if isinstance(structured := loki.get("structuredConfig"), MutableMapping):
            yield from (f"loki.structuredConfig.{change}" for change in upgrade(structured, as_of, in_chart=True))
        if _is_loki_text(loki.get("config")):
            yield from _migrate_text(loki, "config", "loki.config", as_of)
        elif isinstance(loki_config := loki.get("config"), MutableMapping):
            yield from (f"loki.config.{change}" for change in upgrade(loki_config, as_of))
    elif is_loki_config(document):
        yield from upgrade(document, as_of)


def _move_ignored(document: MutableMapping[str, Any], chart: Chart) -> Iterator[str]:
    """Move keys of Loki's configuration to the place where the chart reads them, if nothing is there."""
    values = HelmValues(Location(""), document, chart)
    if not chart.is_current:
        return
    for steps, instead in list(ignored_keys(values)):
        target = instead.split(".")
        if target[0] != "loki" or values.get(*target) is not None or steps[-1] in RENAMED_SECTIONS:
            continue
        parent: Any = document
        for step in steps[:-1]:
            parent = parent[step]
        value = parent.pop(steps[-1])
        place: Any = document
        for step in target[:-1]:
            place = place.setdefault(step, {})
        place[target[-1]] = value
        yield f"{'.'.join(steps)} moved to {instead}, where the chart reads it"


def _migrate_values(loki: MutableMapping[str, Any], as_of: datetime) -> list[str]:
    """Migrate the sections under `loki`. Some have another name in the chart."""
    renamed = {section: name for section, name in RENAMED_SECTIONS.items() if name in loki and section not in loki}
    for section, name in renamed.items():
        loki[section] = loki[name]
    before = set(loki)
    changes = upgrade(loki, as_of, in_chart=True)
    for section in renamed:
        del loki[section]
    for section in set(loki) - before:
        if section in RENAMED_SECTIONS:
            loki[RENAMED_SECTIONS[section]] = loki.pop(section)
    return changes


def _migrate_text(parent: MutableMapping[str, Any], key: str, path: str, as_of: datetime) -> Iterator[str]:
    yaml = _yaml_like(parent[key])
    config = yaml.load(parent[key])
    yield from (f"{path}: {change}" for change in upgrade(config, as_of))
    parent[key] = LiteralScalarString(_dumped(yaml, [config]))


def _has_loki_config(document: Any) -> bool:
    if not isinstance(document, MutableMapping):
        return False
    if document.get("kind") == "ConfigMap":
        data = document.get("data")
        return isinstance(data, MutableMapping) and any(map(_is_loki_text, data.values()))
    return isinstance(document.get("loki"), MutableMapping) or is_loki_config(document)


def _is_loki_text(text: Any) -> bool:
    try:
        documents = parse(str(text), "") if isinstance(text, str) else []
    except DocumentError:
        return False
    return len(documents) == 1 and isinstance(documents[0], dict) and is_loki_config(documents[0])


def _yaml_like(text: str) -> YAML:
    """Return a YAML writer that indents lists like the text."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    match = _LIST_BELOW_KEY.search(text)
    offset = len(match[2]) - len(match[1]) if match else 2
    yaml.indent(mapping=2, sequence=offset + 2, offset=max(0, offset))
    yaml.explicit_start = text.lstrip().startswith("---")
    return yaml


def _dumped(yaml: YAML, documents: list[Any]) -> str:
    out = StringIO()
    yaml.dump_all(documents, out)
    return out.getvalue()


def _header(changes: list[str], charts: Iterable[Chart], as_of: datetime) -> str:
    lines = changes or ["no change was necessary"]
    for chart in charts:
        title = f"these are values of the chart {chart.full_name}"
        lines = [title if chart.is_current else f"{title}, which installs Loki 2. {_TO_CURRENT}", *lines]
    return "".join(
        f"# {line}\n" for line in (f"Migrated to Loki 3.7 by logops on {as_of.date()}:", *(f"- {c}" for c in lines))
    )
