"""Counters of a shipper: what became of every record."""

from dataclasses import asdict, dataclass

from logops.number_text import count_text


@dataclass(slots=True)
class Counters:
    """The fate of every record since the process started.

    accepted + replayed = sent + refused + dropped_oldest + dropped_at_exit + records that still wait. A record in
    `dropped_newest` was never accepted.
    """

    accepted: int = 0
    """The buffer took the record: it is acknowledged to the caller of the log call."""
    replayed: int = 0
    """Read from the write-ahead log of an earlier process."""
    sent: int = 0
    """The target acknowledged the record."""
    refused: int = 0
    """The target refused the record itself, for example because it is too old."""
    dropped_newest: int = 0
    """The buffer was full and did not take the record."""
    dropped_oldest: int = 0
    """The buffer was full and deleted the record to take a newer one."""
    dropped_at_exit: int = 0
    """The process ended before the record was sent, and there is no write-ahead log."""
    dropped_before: int = 0
    """Dropped by earlier processes with the same write-ahead log, which were killed. Their reports may have some."""
    cut: int = 0
    """The line was longer than the limit. Its start was sent."""
    torn: int = 0
    """Damaged records in the write-ahead log. The records after them in that file cannot be read."""
    failed_attempts: int = 0
    """Requests without an answer, or with a temporary refusal. They are sent again."""

    @property
    def lost(self) -> int:
        """Records that will never arrive."""
        return self.refused + self.dropped_newest + self.dropped_oldest + self.dropped_at_exit

    @property
    def waiting(self) -> int:
        """Accepted records that were neither sent nor lost yet."""
        gone = self.sent + self.refused + self.dropped_oldest + self.dropped_at_exit
        return self.accepted + self.replayed - gone

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def text(self) -> str:
        """Return the counters in one line; those that are zero are left out.

        >>> Counters(accepted=1200, sent=1100, dropped_oldest=100).text()
        '1,200 records accepted, 1,100 sent, 100 dropped (oldest, buffer full)'
        """
        parts = [f"{count_text(self.accepted, 'record')} accepted"]
        parts += [f"{count:,} {label}" for count, label in self._others() if count]
        return ", ".join(parts)

    def _others(self) -> list[tuple[int, str]]:
        return [
            (self.replayed, "replayed"),
            (self.sent, "sent"),
            (self.waiting, "waiting"),
            (self.refused, "refused by the target"),
            (self.dropped_newest, "dropped (newest, buffer full)"),
            (self.dropped_oldest, "dropped (oldest, buffer full)"),
            (self.dropped_at_exit, "dropped (not sent when the process ended)"),
            (self.dropped_before, "dropped by earlier processes that were killed"),
            (self.cut, "cut"),
            (self.torn, "damaged places in the write-ahead log"),
            (self.failed_attempts, "failed attempts"),
        ]
