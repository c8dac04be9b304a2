"""Read the metrics page of a process.

Format: Prometheus text exposition 0.0.4 (Prometheus docs, instrumenting/exposition_formats).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LINE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)')
_LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Metric:
    """The value of one time series."""

    name: str
    labels: Mapping[str, str]
    value: float


def parse_metrics(text: str, prefix: str = "") -> list[Metric]:
    """Return every sample on the page, in order; a histogram's buckets, sum and count are separate samples.

    prefix   only read samples whose names start with this: a page has thousands

    Raises ValueError with the line that is not a sample.
    """
    metrics = []
    for line in text.splitlines():
        if not line.startswith(prefix) or not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"not a line of Prometheus metrics: {line[:200]!r}")
        name, labels, value = match.groups()
        pairs = {label: _unescaped(text) for label, text in _LABEL.findall(labels or "")}
        metrics.append(Metric(name, pairs, float(value)))
    return metrics


def total(metrics: Iterable[Metric], name: str, **labels: str) -> float | None:
    """Return the sum of the series of `name` with these labels; None if no series has them."""
    values = [m.value for m in metrics if m.name == name and labels.items() <= m.labels.items()]
    return sum(values) if values else None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text) if "\\" in text else text
