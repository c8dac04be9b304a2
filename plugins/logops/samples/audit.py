"""Audit logs as JSON lines: who did what to which object, and whether it was allowed."""

from json import JSONEncoder
from random import Random

from logops.samples.fleet import ENVIRONMENT, USERS
from logops.samples.line import Line

_ENCODE = JSONEncoder(separators=(",", ":")).encode
_LABELS = {"job": "audit", "environment": ENVIRONMENT}
_ACTIONS = ("CREATE", "UPDATE", "UPDATE", "UPDATE", "DELETE", "LOGIN", "LOGIN", "LOGIN")
_RESOURCES = ("project", "task", "report", "user", "policy", "api-key")
_REASONS = ("unauthorized", "forbidden", "denied")


def line_at(at_ns: int, day_and_minute: str, chance: Random) -> Line:
    """Return one action at a moment. `day_and_minute` is the start of its timestamp, `2026-08-22T14:05:`."""
    random = chance.random
    seconds, milliseconds = divmod(at_ns // 1_000_000 % 60_000, 1000)
    action = _ACTIONS[int(random() * len(_ACTIONS))]
    thing = f"{_RESOURCES[int(random() * len(_RESOURCES))]}/{int(random() * 9000)}"
    refused = random() < 0.06
    event = {
        "timestamp": f"{day_and_minute}{seconds:02d}.{milliseconds:03d}Z",
        "user": USERS[int(random() * len(USERS))],
        "action": action,
        "resource": "session" if action == "LOGIN" else thing,
        "outcome": "failure" if refused else "success",
        "ip": f"203.0.113.{int(random() * 254) + 1}",
    }
    if refused:
        event["reason"] = _REASONS[int(random() * len(_REASONS))]
    return Line(at_ns, _LABELS, _ENCODE(event), {})
