"""Read an environment file and say, for each thing that is wrong, where it is, what is there and what is allowed."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from logops.environment.errors import ConfigurationFileError
from logops.environment.explain import problems_of
from logops.environment.model import Environment
from logops.environment.references import Problem, find_dangling_references
from logops.environment.strict_yaml import YamlError, read_yaml

MAX_BYTES = 1 << 20
"""An environment file is a few hundred lines; a file over 1 MiB is not one."""


class EnvironmentFileError(ConfigurationFileError):
    """An environment file that cannot be used, with every problem in it."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(path, problems)
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        lines = [f"{self.path}: {len(self.problems)} problem{'s' * (len(self.problems) != 1)}"]
        lines += [f"  {problem}" for problem in self.problems]
        return "\n".join(lines)


def find_environment(name_or_path: str, root: Path) -> Path:
    """The file of an environment given by name (`local`) or by path.

    Raises EnvironmentFileError with the names there are.
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
    names = ", ".join(sorted(found.stem for found in folder.glob("*.yaml"))) or "none"
    raise EnvironmentFileError(candidates[0], (Problem("", "no such file", f"a path, or one of: {names}"),))


def load_environment(path: Path) -> Environment:
    """The environment in a file. Raises EnvironmentFileError naming every problem: path, value, what is allowed."""
    return parse_environment(_read(path), path)


def parse_environment(text: str, path: Path) -> Environment:
    """The environment in YAML text; `path` names it in messages. Raises EnvironmentFileError.

    The order in which names stand in the file means nothing: the same names give the same environment.
    """
    try:
        data = read_yaml(text)
    except YamlError as refused:
        raise EnvironmentFileError(path, (Problem("", f"not readable as YAML: {refused}", "valid YAML"),)) from None
    if not isinstance(data, dict):
        found = "empty" if data is None else f"holds {type(data).__name__}"
        raise EnvironmentFileError(path, (Problem("", found, "a mapping with `name:`, `platform:`, ..."),))
    try:
        environment = Environment.model_validate_json(json.dumps(data, sort_keys=True))
    except ValidationError as error:
        raise EnvironmentFileError(path, problems_of(error, data)) from None
    if problems := tuple(find_dangling_references(environment)):
        raise EnvironmentFileError(path, problems)
    return environment


def environment_schema() -> dict[str, Any]:
    """JSON Schema of an environment file, for editors to complete and check it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Environment.model_json_schema(by_alias=True),
        "title": "logops environment",
    }


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EnvironmentFileError(path, (Problem("", f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}"),))
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFileError(path, (Problem("", f"cannot be read: {error}", "a UTF-8 YAML file"),)) from None
