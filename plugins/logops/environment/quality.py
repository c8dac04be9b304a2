"""Settings of the ingestion quality check, and what a source must deliver."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from logops.environment.base import Model, SecretRef
from logops.environment.label_names import LabelName
from logops.environment.units import Duration, Size

Share = Annotated[float, Field(ge=0, le=1)]


class Rate(Model):
    """The band that the number of lines per minute must stay in."""

    at_least: Annotated[float, Field(ge=0)] | None = None
    """Fewest lines per minute. Null: no lower bound."""
    at_most: Annotated[float, Field(gt=0)] | None = None
    """Most lines per minute. Null: no upper bound."""

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Rate":
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least: {self.at_least} is more than at_most: {self.at_most}")
        return self


class Expect(Model):
    """Expectations of the lines of a source. Everything has a default."""

    rate: Rate = Rate()
    """Lines per minute, as the mean of the window."""
    format: Literal["json", "logfmt", "regex", "none"] | None = None
    """The format that every line must have. Null: the format of `parse`. none: lines are not checked."""
    unparsable_at_most: Share = 0.01
    """Share of lines that may have another format."""
    required_labels: tuple[LabelName, ...] | None = None
    """Labels that every stream must have. Null: those that the agent sets, from `labels` and `parse.labels`."""
    allowed_labels: tuple[LabelName, ...] | None = None
    """Labels that a stream may have, besides the required ones and those that agents and Loki add. Null: all."""
    levels: tuple[str, ...] = ()
    """Values that the label `level` may have. Empty: not checked."""
    most_streams: Annotated[int, Field(ge=1)] = 1_000
    """Most streams in the window. Every combination of label values is a stream."""
    skew: Duration = Duration("5m")
    """Longest time between a line's timestamp and its arrival."""
    duplicates_at_most: Share = 0.02
    """Share of lines that may be copies of another line."""
    personal_data: bool = False
    """Whether lines may contain personal data: e-mail addresses, card numbers, bank accounts. Secrets are always
    reported."""


class Quality(Model):
    """When and how the ingestion quality check runs, and the load that it may put on the clusters."""

    interval: Duration = Duration("15m")
    """Time between two scheduled runs: a number of minutes that divides an hour, such as 5m, 15m or 60m."""
    window: Duration = Duration("30m")
    """Time before a run whose lines are checked. At least the interval, so that no line stays unchecked."""
    bucket: Duration = Duration("1m")
    """Lines are counted in buckets of this length. Whole seconds that divide 15 minutes."""
    sample_lines: Annotated[int, Field(ge=0, le=5_000)] = 500
    """Lines of each source that are read and looked at. 0: no lines are read, only counted."""
    budget: Size = Size("2GiB")
    """Bytes that Loki may read for one run. A query that does not fit is not sent, and is reported."""
    salt: SecretRef | None = None
    """Random text, at least 16 characters: the hashes of found secrets are made with it, so that a secret has the same
    hash in every run. Null: the local platform generates one; elsewhere hashes can be compared within a run only."""
    time_zone: str = "UTC"
    """The zone whose hours and weekdays the traffic follows, by its IANA name: Europe/Berlin. For learned rates."""
    holidays: tuple[date, ...] = ()
    """Days on which the traffic is as on a Sunday. For learned rates."""

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(zone)
        # An unknown name, an invalid path, or a folder of the database.
        except (LookupError, ValueError, OSError):
            raise ValueError(f"{zone} is no time zone. Use an IANA name, such as UTC or Europe/Berlin") from None
        return zone

    @model_validator(mode="after")
    def _lengths_fit(self) -> "Quality":
        if not re.fullmatch("[0-9]+m", str(self.interval)) or 60 * 60_000 % max(self.interval.value, 1):
            raise ValueError(f"interval: {self.interval} is not a number of minutes that divides an hour, such as 15m")
        if self.bucket.value < 1_000 or self.bucket.value % 1_000 or 900_000 % self.bucket.value:
            raise ValueError(f"bucket: {self.bucket} is not a number of whole seconds that divides 15 minutes")
        if self.window.value % self.bucket.value or self.window.value < 2 * self.bucket.value:
            raise ValueError(f"window: {self.window} is not at least two whole buckets of {self.bucket}")
        if self.window < self.interval:
            raise ValueError(f"window: {self.window} is shorter than the interval, {self.interval}")
        return self
