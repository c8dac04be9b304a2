"""Write diagnostics as SARIF 2.1.0, which GitHub's code scanning, Azure DevOps and editors read.

Format: docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from logops.diagnostics.model import Diagnostic, Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(diagnostics: Sequence[Diagnostic], tool: str, version: str) -> dict[str, Any]:
    """Return the log of one run of a tool, as JSON values."""
    rules = list({problem.rule.name: problem.rule for problem in diagnostics}.values())
    indexes = {rule.name: index for index, rule in enumerate(rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": tool, "version": version, "rules": list(map(_rule, rules))}},
                # Python counts characters, not the UTF-16 units that are SARIF's default.
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, indexes[problem.rule.name]) for problem in diagnostics],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    texts = {"shortDescription": rule.meaning, "fullDescription": rule.why, "help": rule.remedy}
    return {
        "id": rule.name,
        **{key: {"text": text} for key, text in texts.items() if text},
        "defaultConfiguration": {"level": rule.level.value},
    }


def _result(problem: Diagnostic, index: int) -> dict[str, Any]:
    message = f"{problem.message}\n{problem.advice}" if problem.advice else problem.message
    return {
        "ruleId": problem.rule.name,
        "ruleIndex": index,
        "level": problem.rule.level.value,
        "message": {"text": message},
        "locations": [_location(problem)] if problem.file else [],
    }


def _location(problem: Diagnostic) -> dict[str, Any]:
    region = {"startLine": problem.start.line, "startColumn": problem.start.column}
    if problem.end:
        region |= {"endLine": problem.end.line, "endColumn": problem.end.column}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(problem.file)}, "region": region}}


def _uri(file: str) -> str:
    """Return a relative reference for a relative file, and a file: URI for an absolute file.

    >>> _uri("my values.yaml"), _uri("/tmp/a.yaml")
    ('my%20values.yaml', 'file:///tmp/a.yaml')
    """
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
