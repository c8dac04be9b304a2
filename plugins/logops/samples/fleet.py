"""The simulated system: its services, routes, nodes and people."""

from dataclasses import dataclass

ENVIRONMENT = "production"
VERSION = "2.14.3"
NODES = ("node-1", "node-2", "node-3")
USERS = ("amara", "bjorn", "chen", "dalia", "emeka", "freya", "goran", "hana")

USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "okhttp/4.12.0",
    "python-requests/2.32.4",
)


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of request."""

    service: str
    method: str
    path: str
    """`{id}` is replaced by a number."""
    milliseconds: int
    """Its usual duration."""
    queries: tuple[str, ...] = ()
    """The SQL statements that it runs."""


LOGIN = Route(
    "oversight-auth",
    "POST",
    "/api/v1/login",
    90,
    ("SELECT id, password_hash, locked_until FROM users WHERE username = $1",),
)

ROUTES = (
    LOGIN,
    Route("oversight-auth", "GET", "/api/v1/session", 12),
    Route(
        "oversight-api",
        "GET",
        "/api/v1/projects",
        45,
        ("SELECT id, name, status FROM projects WHERE owner_id = $1 ORDER BY updated_at DESC LIMIT $2",),
    ),
    Route(
        "oversight-api",
        "GET",
        "/api/v1/projects/{id}",
        25,
        (
            "SELECT * FROM projects WHERE id = $1",
            "SELECT role FROM memberships WHERE project_id = $1 AND user_id = $2",
        ),
    ),
    Route(
        "oversight-api",
        "POST",
        "/api/v1/projects/{id}/tasks",
        80,
        ("INSERT INTO tasks (project_id, title, assignee_id, due_on) VALUES ($1, $2, $3, $4) RETURNING id",),
    ),
    Route("oversight-api", "DELETE", "/api/v1/tasks/{id}", 35, ("DELETE FROM tasks WHERE id = $1",)),
    Route(
        "oversight-reports",
        "GET",
        "/api/v1/reports/{id}",
        420,
        ("SELECT day, count(*), avg(duration_ms) FROM events WHERE report_id = $1 AND day >= $2 GROUP BY day",),
    ),
    Route(
        "oversight-reports",
        "POST",
        "/api/v1/reports/{id}/export",
        900,
        ("SELECT * FROM events WHERE report_id = $1",),
    ),
    Route(
        "oversight-notifications",
        "POST",
        "/api/v1/notifications",
        60,
        ("INSERT INTO notifications (user_id, channel, body) VALUES ($1, $2, $3)",),
    ),
    Route(
        "oversight-notifications",
        "GET",
        "/api/v1/notifications/unread",
        15,
        ("SELECT count(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL",),
    ),
)

SERVICES = tuple(dict.fromkeys(route.service for route in ROUTES))
