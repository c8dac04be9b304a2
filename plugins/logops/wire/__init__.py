"""The bytes of a request with log lines: Loki's push API, or OTLP over HTTP. Pure."""

from logops.wire.otlp import OTLP_HEADERS, encode_otlp
from logops.wire.push import PUSH_HEADERS, encode_push
from logops.wire.record import Record

__all__ = ["OTLP_HEADERS", "PUSH_HEADERS", "Record", "encode_otlp", "encode_push"]
