"""Compare a rendered configuration with the one that a process reports. Pure.

A process reports every setting, with the defaults of those that the file lacks. So only the settings of the file are
compared. Secrets are masked by the process, and variables in the file are replaced: both are taken as equal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from logops.clients.loki.values import same_value

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_MASKED = re.compile(r"\*{3,}|<secret>")
_ZERO: tuple[object, ...] = (None, "", "0s", 0, False)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that a process has with another value than its file."""

    path: str
    """`ingester.chunk_idle_period`"""
    declared: object
    running: object

    def __str__(self) -> str:
        return f"{self.path}: {value_text(self.running)} is running, {value_text(self.declared)} is in the file"


def differing_settings(declared: Mapping[str, Any], running: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Return the settings of `declared` that are not running.

    >>> print(*differing_settings({"a": {"b": "1h", "c": 1}}, {"a": {"b": "60m", "c": 2, "d": 3}}))
    a.c: 2 is running, 1 is in the file
    """
    return tuple(_differing("", declared, running))


def _differing(path: str, declared: object, running: object) -> Iterator[Setting]:
    if isinstance(declared, Mapping) and isinstance(running, Mapping):
        for key, value in declared.items():
            if key in running or not _is_default(value):
                yield from _differing(f"{path}.{key}" if path else str(key), value, running.get(key))
    elif path.endswith("matchers") and _is_list(declared) and _is_list(running):
        # Alertmanager sorts them.
        if sorted(map(str, declared)) != sorted(map(str, running)):
            yield Setting(path, declared, running)
    elif _is_list(declared) and _is_list(running) and len(declared) == len(running):
        for number, (value, other) in enumerate(zip(declared, running, strict=True)):
            yield from _differing(f"{path}[{_name(value, number)}]", value, other)
    elif not _same(declared, running):
        yield Setting(path, declared, running)


def _same(declared: object, running: object) -> bool:
    if same_value(declared, running) or (_is_default(declared) and _is_default(running)):
        return True
    if isinstance(running, str) and _MASKED.search(running):
        return True
    if isinstance(declared, str) and _VARIABLE.search(declared):
        pattern = ".*".join(map(re.escape, _VARIABLE.split(declared)))
        return re.fullmatch(pattern, str(running)) is not None
    # Some lists are printed as one text.
    return _is_list(declared) and isinstance(running, str) and ",".join(map(str, declared)) == running


def _is_default(value: object) -> bool:
    """Whether a process may leave the value out, because it is empty or zero."""
    return value in _ZERO or (isinstance(value, Mapping | list) and not value)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _name(value: object, number: int) -> str:
    """Return what people call an entry of a list: its name, or else its number."""
    if isinstance(value, Mapping):
        for key in ("job_name", "name"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return str(number)


def value_text(value: object) -> str:
    """Return a value as people write it.

    >>> value_text(21.0), value_text(None), value_text("2160h")
    ('21', 'nothing', '2160h')
    """
    if value is None:
        return "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
