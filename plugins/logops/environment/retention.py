"""How long logs are kept and in which access tier: the promise that the audits hold Loki and Azure to."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from logops.environment.base import Model
from logops.environment.units import Duration


def _selector(text: str) -> str:
    # RE2 comes with it, which a file of DAGs does not need.
    from logops.logql.parse import parse_selector

    parse_selector(text)
    return text


class StreamRetention(Model):
    """Another period for the streams a selector matches; the highest priority wins, then the shortest period."""

    selector: Annotated[str, Field(pattern=r"^\{.+\}$"), AfterValidator(_selector)]
    keep: Duration
    priority: Annotated[int, Field(ge=0)] = 1


class Retention(Model):
    """Hot for so long, then `then`, deleted by Loki after `keep`."""

    hot: Duration = Duration("30d")
    then: Literal["Cool", "Cold"] | None = "Cool"
    """Access tier after `hot`; null leaves chunks Hot. Archive is not offered: an archived blob is offline,
    and a query that needs it fails."""
    keep: Duration = Duration("90d")
    streams: tuple[StreamRetention, ...] = ()

    @model_validator(mode="after")
    def _whole_days(self) -> "Retention":
        if self.then and self.hot.value % Duration("1d").value:
            raise ValueError(f"hot: {self.hot} is not a whole number of days, and Azure's lifecycle rules count days")
        return self
