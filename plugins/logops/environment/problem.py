"""A problem in a configuration file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A problem in a file."""

    path: str
    found: str
    allowed: str
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        return ": ".join(part for part in (line, self.path, self.found, self.allowed) if part)
