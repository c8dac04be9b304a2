"""Load an environment file and report every problem in it: its line and path, what was found and what is allowed."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from logops.environment.errors import ConfigurationFileError
from logops.environment.explain import problems_of
from logops.environment.lines import line_of
from logops.environment.model import Environment
from logops.environment.pipeline_problems import find_pipeline_problems
from logops.environment.problem import Problem
from logops.environment.references import find_dangling_references
from logops.environment.strict_yaml import YamlError, read_nodes, read_yaml
from logops.number_text import count_text, size_text
from logops.suggestions import did_you_mean

MAX_BYTES = 1 << 20
"""Larger files are refused: an environment file has a few hundred lines."""


class EnvironmentFileError(ConfigurationFileError):
    """An environment file is not valid. The message lists every problem in it."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(path, problems)
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        lines = [f"{self.path}: {count_text(len(self.problems), 'problem')}"]
        lines += [f"  {problem}" for problem in self.problems]
        return "\n".join(lines)


def find_environment(name_or_path: str, root: Path) -> Path:
    """Return the file of an environment, given by name (`local`) or by path.

    Raises EnvironmentFileError with the existing names if there is no such file.
    """
    folder = root / "include" / "environments"
    path = Path(name_or_path)
    candidates = (
        (path, folder / f"{name_or_path}.yaml")
        if path.suffix in {".yaml", ".yml"}
        else (folder / f"{name_or_path}.yaml",)
    )
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    names = sorted(file.stem for file in folder.glob("*.yaml"))
    known = f"a path, or one of: {', '.join(names) or 'none'}."
    known += did_you_mean(path.stem, names)
    raise EnvironmentFileError(candidates[0], (Problem("", "no such file", known),))


def load_environment(path: Path) -> Environment:
    """Load the environment in a file. Raises EnvironmentFileError with every problem in it."""
    return parse_environment(_read(path), path)


def parse_environment(text: str, path: Path) -> Environment:
    """Parse the environment in a YAML text. Messages show `path` as its name. Raises EnvironmentFileError.

    The order of the keys does not matter: the same keys and values give the same environment.
    """
    try:
        data = read_yaml(text)
    except YamlError as refused:
        raise EnvironmentFileError(path, (Problem("", f"not readable as YAML: {refused}", "valid YAML"),)) from None
    if not isinstance(data, dict):
        content = "empty" if data is None else f"contains a {type(data).__name__}"
        raise EnvironmentFileError(path, (Problem("", content, "a mapping with `name:`, `platform:`, ..."),))
    try:
        environment = Environment.model_validate_json(json.dumps(data, sort_keys=True))
    except ValidationError as error:
        raise EnvironmentFileError(path, _with_lines(problems_of(error, data), text)) from None
    if problems := (*find_dangling_references(environment), *find_pipeline_problems(environment)):
        raise EnvironmentFileError(path, _with_lines(problems, text))
    return environment


def _with_lines(problems: Iterable[Problem], text: str) -> tuple[Problem, ...]:
    """Return the problems with their lines, in the order of the file."""
    document = read_nodes(text)
    located = (replace(problem, line=line_of(document, problem.path)) for problem in problems)
    return tuple(sorted(located, key=lambda problem: problem.line or 0))


def environment_schema() -> dict[str, Any]:
    """Return the JSON Schema of an environment file. Editors use it for completion and checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Environment.model_json_schema(by_alias=True),
        "title": "logops environment",
    }


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EnvironmentFileError(path, (Problem("", "the file is too large", f"at most {size_text(MAX_BYTES)}"),))
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFileError(path, (Problem("", f"cannot be read: {error}", "a UTF-8 YAML file"),)) from None
