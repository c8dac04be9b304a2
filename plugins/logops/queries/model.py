"""What a file of the query library says: `include/logql/NAME.yaml`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name
from logops.environment.units import Duration, Size

ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Parameter(Model):
    """What a person may, or must, give."""

    type: Literal["text", "regex", "number", "duration"]
    """text stays text, also where it stands in a regular expression."""
    description: str
    default: str | None = None
    """None: it must be given."""


class Objective(Model):
    """What a query may take, over its own range."""

    p95: Duration
    """Warm: with Loki's cache of results."""
    bytes: Size
    """Read by Loki, cold."""


class Answer(Model):
    """What it answers on the sample hour (`include/logql/README.md`), with the example's parameters.

    A log query: how many lines, and the newest. A metric query: how many series at the end of the hour, and the sum of
    their values.
    """

    lines: int | None = None
    newest: str | None = None
    series: int | None = None
    total: float | None = None


class Measured(Model):
    """So many times what ours takes."""

    seconds: float
    bytes: float


class Story(Model):
    """The same as story 6.3 has it."""

    logql: str
    note: str
    """What is wrong with it, or slow."""
    answers: Literal["the same", "something else", "nothing", "an error"]
    mended: str | None = None
    """Changed as little as it takes to give our answer; only where it gives another."""
    measured: Measured
    """Of `mended` where there is one: else of `logql` (`python -m benchmarks.story_queries`)."""

    @model_validator(mode="after")
    def _what_gives_the_same_is_measured(self) -> "Story":
        if (self.mended is None) != (self.answers == "the same"):
            raise ValueError("mended: stands where the answer is not the same, and only there")
        return self


class LibraryQuery(Model):
    """One query. In `logql`, `${name}` is a parameter: in a string for text and regex, else for number and duration."""

    description: str
    owner: str
    cluster: Name
    tenant: Name
    logql: str
    parameters: Mapping[ParameterName, Parameter] = Field(default_factory=dict)
    range: Duration = Duration("1h")
    """That is looked at where a person names none."""
    step: Duration | None = None
    """Between the points of a metric query."""
    example: Mapping[ParameterName, str] = Field(default_factory=dict)
    objective: Objective
    answer: Answer
    story: Story | None = None

    @model_validator(mode="after")
    def _example_is_complete(self) -> "LibraryQuery":
        unknown = set(self.example) - set(self.parameters)
        if unknown:
            raise ValueError(f"example: {', '.join(sorted(unknown))}: no such parameter")
        missing = [name for name, one in self.parameters.items() if one.default is None and name not in self.example]
        if missing:
            raise ValueError(f"example: {', '.join(missing)} has no default: the example must give it")
        return self


class LibraryFile(Model):
    """A file of the library."""

    queries: Mapping[Name, LibraryQuery]
