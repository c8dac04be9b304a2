"""The requests of a minute. Application and access logs describe the same requests."""

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import NamedTuple

from logops.samples.fleet import LOGIN, ROUTES, USER_AGENTS, USERS, Route
from logops.samples.rhythm import Incident, incident_at

MINUTE_NS = 60_000_000_000
_LAST_NS = MINUTE_NS - 1_000_000_000
"""A request ends at least a second before its minute, so that all of its lines belong to that minute."""

_LONGEST_MS = 30_000


class WebRequest(NamedTuple):
    """One request from nginx to a service and back. A named tuple, because millions are created."""

    start_ns: int
    """Nanoseconds since the Unix epoch."""
    duration_ms: int
    route: Route
    path: str
    status: int
    ip: str
    user: str
    user_agent: str
    trace_id: str
    """32 hexadecimal digits (W3C trace context)."""
    span_id: str
    """16 hexadecimal digits."""
    cause: str
    """The cause of a 5xx status: an incident's cause, or `defect`. Empty for other requests."""


def requests_of(seed: int, minute: int, count: int) -> list[WebRequest]:
    """Return the first `count` requests of a minute since the epoch, in no order of time.

    A larger count returns the same requests and more. So the traces of a log with a lower rate are all in the log
    with a higher rate.
    """
    return list(islice(_requests(seed, minute), count))


def _requests(seed: int, minute: int) -> Iterator[WebRequest]:
    chance = Random(f"{seed}:requests:{minute}")
    random = chance.random
    incident = incident_at(seed, minute)
    minute_ns = minute * MINUTE_NS
    while True:
        route = ROUTES[int(random() * len(ROUTES))]
        in_trouble = incident if incident and incident.service == route.service else None
        status, cause = _outcome(route, random(), in_trouble)
        # A product of two uniforms: most requests are faster than usual, a few are much slower.
        milliseconds = 2 + route.milliseconds * (0.4 + 0.1 / (0.04 + random() * random()))
        if in_trouble:
            milliseconds *= in_trouble.slowdown
        duration = min(_LONGEST_MS, int(milliseconds))
        ids = chance.getrandbits(192)
        yield WebRequest(
            start_ns=minute_ns + int(random() * (_LAST_NS - duration * 1_000_000)),
            duration_ms=duration,
            route=route,
            path=route.path.replace("{id}", str(1000 + ids % 9000)),
            status=status,
            ip=f"198.51.100.{ids % 254 + 1}",
            user=USERS[ids % len(USERS)],
            user_agent=USER_AGENTS[int(random() * len(USER_AGENTS))],
            trace_id=f"{ids >> 64:032x}",
            span_id=f"{ids & 0xFFFF_FFFF_FFFF_FFFF:016x}",
            cause=cause,
        )


def _outcome(route: Route, chance: float, incident: Incident | None) -> tuple[int, str]:
    """Return the status of a request, and the cause if the service failed; `chance` in [0, 1)."""
    if incident and chance < incident.failing:
        return (504 if incident.cause == "upstream" else 500), incident.cause
    if chance > 0.998:
        return 500, "defect"
    if route is LOGIN:
        return (401 if chance > 0.88 else 200), ""
    if chance > 0.985:
        return 404, ""
    if chance > 0.975:
        return 403, ""
    return (201 if route.method == "POST" else 204 if route.method == "DELETE" else 200), ""
