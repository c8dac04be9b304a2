"""Parse durations and sizes as people write them: `30d`, `10MiB`.

A value keeps its text, so that messages show what the author wrote.
"""

import re
from datetime import timedelta
from decimal import Decimal
from functools import total_ordering
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_DURATION_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d|w)")
DURATION_PATTERN = r"^([0-9]+(ms|s|m|h|d|w))+$"
_LONGEST = (2**63 - 1) // 10**6
"""Longest duration in milliseconds: Go stores nanoseconds in 63 bits."""

_SIZE_UNITS = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$"


@total_ordering
class _Quantity:
    """A number with a unit, as text. Values are compared and sorted by the number."""

    __slots__ = ("text", "value")
    pattern = ""
    examples = ""

    def __init__(self, text: str) -> None:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"{text!r} is not a {type(self).__name__.lower()}: write it as {self.examples}")
        self.text = text
        self.value = self._parse(text)

    @staticmethod
    def _parse(text: str) -> int:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.value == other.value

    def __lt__(self, other: object) -> bool:
        return self.value < other.value if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_text]),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": cls.pattern, "description": f"For example {cls.examples}."}


class Duration(_Quantity):
    """A duration: `30s`, `1h30m`, `90d`. `value` is in milliseconds.

    >>> Duration("1h30m").seconds
    5400.0
    >>> Duration("720h") == Duration("30d")
    True
    """

    pattern = DURATION_PATTERN
    examples = "30s, 1h30m, 90d or 2w"

    @staticmethod
    def _parse(text: str) -> int:
        value = sum(int(number) * _DURATION_UNITS[unit] for number, unit in _DURATION.findall(text))
        if value > _LONGEST:
            raise ValueError(f"{text!r} is longer than the 292 years that Loki can count")
        return value

    @property
    def seconds(self) -> float:
        return self.value / 1000

    @property
    def days(self) -> float:
        return self.value / _DURATION_UNITS["d"]

    @property
    def timedelta(self) -> timedelta:
        return timedelta(milliseconds=self.value)

    @property
    def go(self) -> str:
        """Return the text that Go's time.ParseDuration and Prometheus' model.Duration both parse: no days or weeks.

        >>> Duration("90d").go
        '2160h'
        """
        if self.value == 0:
            return "0s"
        parts = []
        remaining = self.value
        for unit in ("h", "m", "s", "ms"):
            number, remaining = divmod(remaining, _DURATION_UNITS[unit])
            if number:
                parts.append(f"{number}{unit}")
        return "".join(parts)


class Size(_Quantity):
    """A size in bytes: `512KiB`, `10MB`, `1.5GiB`. `value` is in bytes, rounded down.

    >>> Size("1MiB").value
    1048576
    """

    pattern = SIZE_PATTERN
    examples = "512KiB, 10MB or 1.5GiB"

    @staticmethod
    def _parse(text: str) -> int:
        unit = text.lstrip("0123456789.")
        return int(Decimal(text.removesuffix(unit)) * _SIZE_UNITS[unit])

    @property
    def mib(self) -> float:
        return self.value / 2**20
