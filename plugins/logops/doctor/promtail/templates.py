"""Read YAML that contains Go templates, which only Helm can evaluate."""

import re
from typing import Any

from logops.doctor.promtail.value import Ledger, Value
from logops.doctor.reading.safe_yaml import DocumentError, parse

TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
OWN_LINE = re.compile(r"^[ \t]*(?:\{\{.*?\}\}[ \t]*)+$", re.MULTILINE)
_PARTS = re.compile(
    r"\.Values\.config\.(?:clients|positions|logLevel|logFormat|serverPort|enableTracing|snippets\.\w+)|\.pipelineStages"
    r"|\.common\b|\.extraRelabelConfigs|\.addScrapeJobLabel|\{\{-? *end *-?\}\}"
)
"""Templates that insert values which are read anyway, as in the chart's own texts."""
_MARK = "logops-template-{}"
_MARKED = re.compile(r"logops-template-(\d+)")


def parse_template(text: str, value: Value, ledger: Ledger) -> Any:
    """Return the data of a text, without the templates. Each template gets a note with its line.

    value   the value that has the text
    """
    templates: list[tuple[str, int]] = []

    def mark(match: re.Match[str]) -> str:
        templates.append((match[0], text_without_lines.count("\n", 0, match.start()) + 1))
        return _MARK.format(len(templates) - 1)

    for match in OWN_LINE.finditer(text):
        if not _PARTS.search(match[0]):
            line = text.count("\n", 0, match.start()) + 1
            _note(value, ledger, match[0].strip(), line)
    text_without_lines = OWN_LINE.sub(lambda match: "\n" * match[0].count("\n"), text)
    marked = TEMPLATE.sub(mark, text_without_lines)
    try:
        data = next(iter(parse(marked, value.location.file)), None)
    except DocumentError as error:
        raise DocumentError(
            value.location.file, f"{value.location.path}: {error.found}", error.accepted, error.line, error.column
        ) from None
    return _without_marks(data, templates, value, ledger)


def _without_marks(data: Any, templates: list[tuple[str, int]], value: Value, ledger: Ledger) -> Any:
    match data:
        case dict():
            return {key: _without_marks(inner, templates, value, ledger) for key, inner in data.items()}
        case list():
            return [_without_marks(inner, templates, value, ledger) for inner in data]
        case str() if marks := _MARKED.findall(data):
            for number in marks:
                template, line = templates[int(number)]
                if not _PARTS.search(template):
                    _note(value, ledger, template, line)
            return None
    return data


def _note(value: Value, ledger: Ledger, template: str, line: int) -> None:
    ledger.note_lost(value.location, f"only Helm can evaluate this template: {_short(template)}", line)


def _short(template: str) -> str:
    text = " ".join(template.split())
    return text if len(text) <= 60 else f"{text[:59]}…"
