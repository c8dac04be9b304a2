"""The bytes of a request: Loki's push API, or OTLP over HTTP. Pure."""

from logops.shipping.wire.otlp import encode_otlp
from logops.shipping.wire.push import encode_push

__all__ = ["encode_otlp", "encode_push"]
