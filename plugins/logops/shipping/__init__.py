"""Ship an application's logs to Loki or to an agent: a logging handler, a bounded buffer, a write-ahead log."""

from logops.shipping.bound_logger import BoundLogger, bind
from logops.shipping.counters import Counters
from logops.shipping.errors import ShippingError
from logops.shipping.handler import LokiHandler
from logops.shipping.options import BufferOptions
from logops.shipping.queue import WhenFull
from logops.shipping.shipper import Shipper
from logops.shipping.target import Target, Wire
from logops.wire import Record

__all__ = [
    "BoundLogger",
    "BufferOptions",
    "Counters",
    "LokiHandler",
    "Record",
    "Shipper",
    "ShippingError",
    "Target",
    "WhenFull",
    "Wire",
    "bind",
]
