"""The retention of logs and their access tiers. The audits check that Loki and Azure keep to it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from logops.environment.base import Model
from logops.environment.units import Duration


def _selector(text: str) -> str:
    # Import here: the parser loads RE2, which DAG files do not need.
    from logops.logql.parse import parse_selector

    parse_selector(text)
    return text


class StreamRetention(Model):
    """Retention of the streams that match a selector. The highest priority wins, then the shortest period."""

    selector: Annotated[str, Field(pattern=r"^\{.+\}$"), AfterValidator(_selector)]
    keep: Duration
    priority: Annotated[int, Field(ge=0)] = 1


class Retention(Model):
    """Retention of a tenant: `hot` in the Hot tier, then in the tier `then`, deleted by Loki after `keep`."""

    hot: Duration = Duration("30d")
    then: Literal["Cool", "Cold"] | None = "Cool"
    """Access tier after `hot`; null: chunks stay in Hot. Archive is not allowed: an archived blob is offline, and
    queries that need it fail."""
    keep: Duration = Duration("90d")
    streams: tuple[StreamRetention, ...] = ()

    @model_validator(mode="after")
    def _hot_is_in_days(self) -> "Retention":
        if self.then and self.hot.value % Duration("1d").value:
            raise ValueError(f"hot: {self.hot} is not a whole number of days, and Azure's lifecycle rules count days")
        return self
