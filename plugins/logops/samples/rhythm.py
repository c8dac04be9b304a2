"""When the simulated system is busy, and when it has incidents."""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, floor, pi
from random import Random

from logops.samples.fleet import SERVICES

MINUTES_PER_DAY = 1440

_BUSIEST_HOUR = 14
_WEEKDAY, _WEEKEND = 1.1, 0.75
"""Five weekdays and two weekend days with these loads have the mean 1."""

_INCIDENT_CHANCE = 0.35
_SHORTEST_INCIDENT, _LONGEST_INCIDENT = 10, 45


@dataclass(frozen=True, slots=True)
class Incident:
    """Some minutes in which many requests of one service fail."""

    first_minute: int
    """Minutes since the Unix epoch."""
    last_minute: int
    service: str
    cause: str
    """`database`, `memory` or `upstream`."""
    failing: float
    """Share of the service's requests that fail."""
    slowdown: float


def load(minute: int) -> float:
    """Return the load of a minute since the epoch (UTC); 1 is the mean of a week.

    Busiest after lunch, calm at weekends.
    """
    hour = minute % MINUTES_PER_DAY / 60
    # The epoch was a Thursday: day 3 of a week that starts on Monday.
    weekday = (minute // MINUTES_PER_DAY + 3) % 7
    return (_WEEKDAY if weekday < 5 else _WEEKEND) * (1 + 0.6 * cos((hour - _BUSIEST_HOUR) * pi / 12))


def how_many(mean: float, chance: float) -> int:
    """Return an integer whose mean over `chance` in [0, 1) is `mean`. A larger mean never gives a smaller number."""
    return floor(mean + chance)


def incident_at(seed: int, minute: int) -> Incident | None:
    """Return the incident in a minute, or None."""
    incident = _incident_of(seed, minute // MINUTES_PER_DAY)
    return incident if incident and incident.first_minute <= minute <= incident.last_minute else None


@lru_cache(maxsize=1024)
def _incident_of(seed: int, day: int) -> Incident | None:
    chance = Random(f"{seed}:incident:{day}")
    if chance.random() >= _INCIDENT_CHANCE:
        return None
    length = chance.randint(_SHORTEST_INCIDENT, _LONGEST_INCIDENT)
    first = day * MINUTES_PER_DAY + chance.randrange(MINUTES_PER_DAY - length)
    return Incident(
        first_minute=first,
        last_minute=first + length - 1,
        service=chance.choice(SERVICES),
        cause=chance.choice(("database", "memory", "upstream")),
        failing=chance.uniform(0.2, 0.5),
        slowdown=chance.uniform(3.0, 8.0),
    )
