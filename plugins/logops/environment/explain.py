"""Translate pydantic's validation errors into problems of the environment file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from logops.environment.base import SecretRef
from logops.environment.model import Environment
from logops.environment.problem import Problem
from logops.suggestions import closest

_STRUCTURES = {"model_type", "model_attributes_type", "dict_type", "tuple_type"}
"""Types of errors for a value that should be a mapping or a list."""


def problems_of(error: ValidationError, data: Any) -> tuple[Problem, ...]:
    """Return every problem in `data`, the mapping of an environment file: path, what was found, what is allowed.

    A value is not shown if it may be a secret at the wrong place.
    """
    details = error.errors()
    return tuple(_explain(detail, data) for detail in details if not _is_consequence(detail, details))


def _is_consequence(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Return whether an error follows from another: a list with an invalid entry is also reported as too short."""
    location = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(location)] == location and other is not detail for other in details
    )


def _explain(detail: ErrorDetails, data: Any) -> Problem:
    names = _path_in_file(detail["loc"], data)
    path = ".".join(names)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return Problem(path, "unknown key", _advice(names, data))
    if detail["type"] in ("missing", "union_tag_not_found"):
        missing = path if detail["type"] == "missing" else f"{path}.kind"
        return Problem(missing, "missing", "this key is required")
    if detail["type"] == "union_tag_invalid":
        return Problem(f"{path}.kind", _shown(detail["ctx"]["tag"]), f"one of: {detail['ctx']['expected_tags']}")
    if _is_secret(names):
        return Problem(path, "not shown", f"name the secret with {{env: NAME}} or {{connection: ID}}: {message}")
    if detail["type"] == "secret":
        return Problem(path, "not shown", message)
    if detail["type"] in _STRUCTURES and isinstance(detail["input"], str):
        return Problem(path, "text", message)
    if detail["type"] == "json_invalid":
        return Problem("", "text that is not Unicode, or nested too deep", message)
    return Problem(path, _shown(detail["input"]), message)


def _advice(names: list[str], data: Any) -> str:
    """Return what an unknown key may have been meant to be."""
    kind = _kind_at(names[:-1], data)
    models = [member for member in _types_at(names[:-1]) if issubclass(member, BaseModel)]
    chosen = [model for model in models if kind is None or kind in _kinds(model)] or models
    # The key of another platform, source or agent: a copied section, or a `kind` that was changed.
    if kinds := [each for model in models if names[-1] in _keys([model]) for each in _kinds(model)]:
        return f"it belongs to kind: {' or '.join(kinds)}, and this is kind: {kind}. Remove it, or change the kind"
    known = _keys(chosen)
    similar = closest(names[-1], known)
    return f"{similar}?" if similar else f"one of: {', '.join(known)}"


def _kind_at(names: list[str], data: Any) -> str | None:
    for name in names:
        data = data[int(name) if isinstance(data, list) else name]
    return data.get("kind") if isinstance(data, Mapping) else None


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    return get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return ""
    text = json.dumps(value)
    return text if len(text) < 80 else text[:77] + "..."


def _path_in_file(location: tuple[int | str, ...], data: Any) -> list[str]:
    """Return the location without the names that pydantic adds for unions: `platform.local.base_port`."""
    names: list[str] = []
    for position, step in enumerate(location):
        is_last = position == len(location) - 1
        if isinstance(data, Mapping) and data.get("kind") == step and not (is_last and step in data):
            continue
        if _has(data, step):
            data = data[step]
        elif step == "[key]" or not is_last:
            continue
        names.append(str(step))
    return names


def _has(data: Any, step: int | str) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, Mapping) and step in data


def _keys(models: Sequence[type[BaseModel]]) -> list[str]:
    """Return the sorted keys of models."""
    return sorted({field.alias or key for model in models for key, field in model.model_fields.items()})


def _is_secret(names: list[str]) -> bool:
    """Return whether a path is a reference to a secret, or below one."""
    return any(SecretRef in _types_at(names[:length]) for length in range(1, len(names) + 1))


def _types_at(names: list[str]) -> list[type]:
    """Return the types that are allowed at a path."""
    types: list[Any] = [Environment]
    for name in names:
        types = [inner for annotation in types for inner in _step(annotation, name)]
    return [kind for kind in types if isinstance(kind, type)]


def _step(annotation: Any, name: str) -> Iterator[Any]:
    """Yield the types of the entries of a mapping or a list, or of one field of a model."""
    arguments = [argument for argument in get_args(annotation) if argument is not ...]
    if arguments:
        yield from _members(arguments[-1])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for key, field in annotation.model_fields.items():
            if name in (key, field.alias):
                yield from _members(field.annotation)


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the types in a union, without their annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation
