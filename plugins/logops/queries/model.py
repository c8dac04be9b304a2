"""The format of the query library: `include/logql/NAME.yaml`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name
from logops.environment.units import Duration, Size

ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Parameter(Model):
    """A parameter of a query."""

    type: Literal["text", "regex", "number", "duration"]
    """A text stays plain text, even inside a regular expression."""
    description: str
    default: str | None = None
    """None: the parameter is required."""
    least: float | None = None
    """Smallest value of a number; None: any."""
    most: float | None = None
    """Largest value of a number; None: any."""


class Objective(Model):
    """The limits of a query over its own range: time and bytes."""

    p95: Duration
    """With Loki's results cache (warm)."""
    bytes: Size
    """Bytes that Loki reads without the cache (cold)."""


class ExpectedAnswer(Model):
    """The answer on the sample hour (`include/logql/README.md`), with the example's parameters.

    A log query: the number of lines, and the newest line. A metric query: the number of series at the end of the
    hour, and the sum of their values.
    """

    lines: int | None = None
    newest: str | None = None
    series: int | None = None
    total: float | None = None


class MeasuredRatio(Model):
    """Time and bytes, as multiples of our query's."""

    seconds: float
    bytes: float


class Story(Model):
    """The same query in story 6.3."""

    logql: str
    note: str
    """Why it is wrong or slow."""
    answers: Literal["the same", "something else", "nothing", "an error"]
    mended: str | None = None
    """The smallest correction that gives our answer; only if the original gives another answer."""
    measured: MeasuredRatio
    """Measured for `mended` if there is one, else for `logql` (`python -m benchmarks.story_queries`)."""

    @model_validator(mode="after")
    def _what_gives_the_same_is_measured(self) -> "Story":
        if (self.mended is None) != (self.answers == "the same"):
            raise ValueError("mended: stands where the answer is not the same, and only there")
        return self


class LibraryQuery(Model):
    """One query. In `logql`, `${name}` is a parameter: inside a string for text and regex, elsewhere for number and
    duration."""

    description: str
    owner: str
    cluster: Name
    tenant: Name
    logql: str
    parameters: Mapping[ParameterName, Parameter] = Field(default_factory=dict)
    range: Duration = Duration("1h")
    """The default range."""
    step: Duration | None = None
    """Time between the points of a metric query."""
    example: Mapping[ParameterName, str] = Field(default_factory=dict)
    objective: Objective
    answer: ExpectedAnswer
    story: Story | None = None

    @model_validator(mode="after")
    def _example_is_complete(self) -> "LibraryQuery":
        unknown = set(self.example) - set(self.parameters)
        if unknown:
            raise ValueError(f"example: {', '.join(sorted(unknown))}: no such parameter")
        missing = [
            name
            for name, parameter in self.parameters.items()
            if parameter.default is None and name not in self.example
        ]
        if missing:
            raise ValueError(f"example: {', '.join(missing)} has no default: the example must give it")
        return self


class LibraryFile(Model):
    """A file of the library."""

    queries: Mapping[Name, LibraryQuery]
