"""The members of a ring, as a Loki process sees them.

Format: the ring's status page as JSON (dskit ring/ring_http.go): `{"shards": [...], "now": "..."}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, Field, ValidationError

from logops.clients.loki.answers import UnexpectedAnswerError


class Ring(StrEnum):
    """The rings of Loki 3.7 that are served as JSON, with their paths.

    A process serves a ring's page only if its -target is in that ring or reads it. The distributor, the ruler and
    the index gateway answer with HTML or 404 while their ring is not in use (a local rate limit strategy,
    ruler.enable_sharding off, index_gateway.mode simple).
    """

    INGESTER = "/ring"
    DISTRIBUTOR = "/distributor/ring"
    COMPACTOR = "/compactor/ring"
    INDEX_GATEWAY = "/indexgateway/ring"
    SCHEDULER = "/scheduler/ring"
    RULER = "/ruler/ring"


@dataclass(frozen=True, slots=True)
class RingMember:
    """An instance in a ring."""

    id: str
    state: str
    """ACTIVE, LEAVING, PENDING, JOINING or LEFT; UNHEALTHY if its heartbeat is older than the ring's timeout."""
    address: str
    heartbeat_age: timedelta
    """By the clock of the asked process. Heartbeats are whole seconds."""
    zone: str


class _Shard(BaseModel):
    id: str
    state: str
    address: str
    timestamp: datetime
    zone: str = ""


class _RingPage(BaseModel):
    shards: list[_Shard] | None = Field(...)
    now: datetime


def members(answer: object) -> list[RingMember]:
    """Return the members on a ring's page, sorted by id. Raises UnexpectedAnswerError."""
    try:
        page = _RingPage.model_validate(answer)
    except ValidationError as error:
        got = f"an object with {sorted(answer)}" if isinstance(answer, Mapping) else type(answer).__name__
        raise UnexpectedAnswerError(f"expected a ring's page, got {got}") from error
    return [
        RingMember(shard.id, shard.state, shard.address, page.now - shard.timestamp, shard.zone)
        for shard in page.shards or []
    ]
