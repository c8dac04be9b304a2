"""Read an environment file and say, for each thing that is wrong, where it is, what is there and what is allowed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from logops.environment.model import Environment
from logops.environment.references import Problem, dangling

MAX_BYTES = 1 << 20
"""An environment file is a few hundred lines; a file over 1 MiB is not one."""


@dataclass(frozen=True)
class EnvironmentInvalid(Exception):
    """An environment file that cannot be used, with every problem in it."""

    path: Path
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        lines = [f"{self.path}: {len(self.problems)} problem{'s' * (len(self.problems) != 1)}"]
        lines += [f"  {problem}" for problem in self.problems]
        return "\n".join(lines)


class _Loader(yaml.SafeLoader):
    """Safe, and strict where YAML is lenient: no duplicate keys, no aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.YAMLError(f"line {event.start_mark.line + 1}: aliases (*name) are not allowed here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: the key {key!r} stands here twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def find_environment(name_or_path: str, root: Path) -> Path:
    """The file of an environment given by name (`local`) or by path.

    Raises EnvironmentInvalid with the names there are.
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
    raise EnvironmentInvalid(candidates[0], (Problem("", "no such file", f"a path, or one of: {names}"),))


def load_environment(path: Path) -> Environment:
    """The environment in a file. Raises EnvironmentInvalid naming every problem: path, value, what is allowed."""
    return parse_environment(_read(path), path)


def parse_environment(text: str, path: Path) -> Environment:
    """The environment in YAML text; `path` names it in messages. Raises EnvironmentInvalid."""
    try:
        data = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise EnvironmentInvalid(path, (Problem("", f"not readable as YAML: {error}", "valid YAML"),)) from None
    if not isinstance(data, dict):
        raise EnvironmentInvalid(path, (Problem("", f"holds {type(data).__name__}", "a mapping with `name:`, ..."),))
    try:
        environment = Environment.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        problems = tuple(_problem(detail, data) for detail in error.errors())
        raise EnvironmentInvalid(path, problems) from None
    if problems := tuple(dangling(environment)):
        raise EnvironmentInvalid(path, problems)
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
            raise EnvironmentInvalid(path, (Problem("", f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}"),))
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentInvalid(path, (Problem("", f"cannot be read: {error}", "a UTF-8 YAML file"),)) from None


def _problem(detail: ErrorDetails, data: Any) -> Problem:
    names = _path_in_file(detail["loc"], data)
    where = ".".join(names)
    if detail["type"] == "extra_forbidden":
        known = _known_keys(names[:-1])
        close = get_close_matches(names[-1], known, n=1)
        return Problem(where, "unknown key", f"{close[0]}?" if close else f"one of: {', '.join(known)}")
    if detail["type"] == "missing":
        return Problem(where, "missing", "this key is required")
    message = detail["msg"].removeprefix("Value error, ")
    shown = json.dumps(detail["input"], default=str) if not isinstance(detail["input"], dict | list) else ""
    return Problem(where, shown if len(shown) < 80 else shown[:77] + "...", message)


def _path_in_file(location: tuple[int | str, ...], data: Any) -> list[str]:
    """The location without the names pydantic adds for unions (`clusters.main.platform.local.base_port`)."""
    names: list[str] = []
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if (isinstance(data, Mapping) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        ):
            data = data[part]
        elif part == "[key]" or not last or (isinstance(data, Mapping) and data.get("kind") == part):
            continue
        names.append(str(part))
    return names


def _known_keys(names: list[str]) -> list[str]:
    """The keys that may stand at a path, sorted: across all members of a union."""
    models: list[type[BaseModel]] = [Environment]
    for name in names:
        models = [inner for model in models for inner in _step(model, name)]
    return sorted({field.alias or key for model in models for key, field in model.model_fields.items()})


def _step(model: type[BaseModel], name: str) -> Iterator[type[BaseModel]]:
    for key, field in model.model_fields.items():
        if name in (key, field.alias):
            yield from _models_in(field.annotation)
            return
    # A key of a mapping or an index of a list: the model before it was already the member's.
    yield model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)
