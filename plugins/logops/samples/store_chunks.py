"""Make a Loki store the chunks that it has in memory, so that lines pushed later go into new chunks.

Lines that arrive at their time need none of this: an ingester closes a chunk after `chunk_idle_period` or
`max_chunk_age`. Months of history arrive within a minute, and one chunk would have lines of many days.
"""

import time

from logops.clients.loki import LokiClient, total

_QUEUE = "loki_ingester_flush_queue_length"
_POLL_S = 0.005


def store_chunks(loki: LokiClient) -> None:
    """Store every chunk of a Loki that has one ingester, and wait for it. Raises LokiError."""
    # Twice: a stream leaves the queue a moment before its chunks are closed, and its second turn comes after that
    # (flushLoop in pkg/ingester/flush.go).
    for _ in range(2):
        loki.flush()
        while total(loki.metrics(name=_QUEUE), _QUEUE):
            time.sleep(_POLL_S)
