"""How records are buffered until the target has acknowledged them."""

import os
from dataclasses import dataclass

from logops.number_text import size_text
from logops.shipping.errors import ShippingError
from logops.shipping.queue import WhenFull

MIB = 1024 * 1024


@dataclass(frozen=True)
class BufferOptions:
    """Size of the buffer, its policy when it is full, and when a batch is sent."""

    when_full: WhenFull = WhenFull.BLOCK
    block_ms: int = 100
    """Longest wait of a log call if the policy is `block`."""
    max_bytes: int = 64 * MIB
    """Limit of the records in memory. With a write-ahead log, `wal_max_bytes` counts instead."""
    wal_dir: str | os.PathLike[str] | None = None
    """Directory of the write-ahead log; None: records wait in memory only."""
    wal_max_bytes: int = 256 * MIB
    """Limit of each process's write-ahead log."""
    batch_bytes: int = MIB
    """A batch is sent when this many bytes wait: below Loki's limit of 4 MiB for a gRPC message."""
    batch_age_s: float = 1.0
    """A batch is sent when its first record has waited this long."""
    max_line_bytes: int = 256 * 1024
    """A longer line is cut. Loki's default for max_line_size."""
    exit_timeout_s: float = 5.0
    """Longest wait for the target when the process ends."""
    report_every_s: float = 60.0
    """Losses are logged at most this often."""

    def __post_init__(self) -> None:
        if self.when_full not in list(WhenFull):
            raise ShippingError(f"when_full is {self.when_full!r}. Give one of: {', '.join(WhenFull)}.")
        if self.max_bytes < self.batch_bytes:
            raise ShippingError(
                f"The buffer has {size_text(self.max_bytes)}, a batch {size_text(self.batch_bytes)}. "
                "Give a buffer of at least one batch."
            )
        for name in ("block_ms", "batch_age_s", "exit_timeout_s"):
            if getattr(self, name) < 0:
                raise ShippingError(f"{name} is {getattr(self, name)}. Give 0 or more.")
        for name in ("batch_bytes", "max_line_bytes", "report_every_s"):
            if getattr(self, name) <= 0:
                raise ShippingError(f"{name} is {getattr(self, name)}. Give more than 0.")
