"""The bytes of a request with log lines: Loki's push API, or OTLP over HTTP. Pure."""

from logops.wire.record import Record

__all__ = ["Record"]
