"""A logger bound to fields such as a trace, with calls for requests, database queries and errors."""

import logging
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from logops.shipping.fields import STANDARD

MAX_QUERY_CHARACTERS = 1000
SLOW_QUERY_MS = 1000.0
_THIS_FRAME = 2
"""Frames between the application and the logger's own method: the record then has the application's file and line."""


class BoundLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose records all have the bound fields."""

    def __init__(self, logger: logging.Logger, fields: dict[str, Any]) -> None:
        self._fields = _allowed(fields)
        super().__init__(logger, self._fields)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the bound fields. Fields of the call win."""
        kwargs["extra"] = {**self._fields, **_allowed(kwargs.get("extra") or {})}
        return msg, kwargs

    def bind(self, **fields: Any) -> "BoundLogger":
        """Return a logger with more fields."""
        return BoundLogger(self.logger, {**self._fields, **fields})

    def log_request(self, method: str, path: str, status: int, duration_ms: float, **fields: Any) -> None:
        """Log an HTTP request that was answered.

        fields   for example ip, user_agent, user_id
        """
        extra = {"method": method, "path": path, "status": status, "duration": duration_ms, **fields}
        self.info("HTTP Request", extra=extra, stacklevel=_THIS_FRAME)

    def log_database_query(
        self,
        query: str,
        parameters: Collection[Any] = (),
        *,
        duration_ms: float,
        slow_after_ms: float = SLOW_QUERY_MS,
        **fields: Any,
    ) -> None:
        """Log a database query, with the number of its parameters and never their values.

        The level is debug; a slow query is a warning. The query is cut at 1,000 characters.
        """
        slow = duration_ms > slow_after_ms
        extra = {
            "query": query[:MAX_QUERY_CHARACTERS],
            "param_count": len(parameters),
            "duration": duration_ms,
            "slow": slow,
            **fields,
        }
        level = logging.WARNING if slow else logging.DEBUG
        self.log(level, "Database Query", extra=extra, stacklevel=_THIS_FRAME)

    def log_error(self, error: BaseException, *, code: str | int | None = None, **fields: Any) -> None:
        """Log an exception with its stack and its code.

        code   default: the exception's own attribute `code`, or `errno`
        """
        if code is None:
            code = getattr(error, "code", None) or getattr(error, "errno", None)
        extra = {"error_type": type(error).__name__, **({} if code is None else {"code": code}), **fields}
        # The error is an argument: a % in its text is not a format.
        self.error("Application Error: %s", error, exc_info=error, extra=extra, stacklevel=_THIS_FRAME)


def bind(logger: str | logging.Logger, **fields: Any) -> BoundLogger:
    """Return a logger whose records all have these fields, for example `trace_id` and `span_id`."""
    return BoundLogger(logging.getLogger(logger) if isinstance(logger, str) else logger, fields)


def _allowed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Rename fields such as `name` to `name_`: logging refuses the names of its record's attributes."""
    return {f"{name}_" if name in STANDARD else name: value for name, value in fields.items()}
