"""What an arm's nights say: slower since when, reads more since when, and why."""

from dataclasses import dataclass

from logops.benchmark.change import FEWEST, History, look
from logops.benchmark.nights import Past, usual_work
from logops.benchmark.shots import Mode
from logops.benchmark.why import why

LEAST_GROWTH = 1.2
"""Of the bytes that are read: logs grow by themselves."""


@dataclass(frozen=True)
class Trend:
    """Of one arm, its newest night against those before."""

    seconds: History
    bytes: History | None
    """None where nothing is read: what comes from the cache of results."""
    elsewhere: int
    why: str = ""
    """Of being slower, by Loki's own statistics."""

    @property
    def regressed(self) -> bool:
        return self.seconds.step is not None

    @property
    def grew(self) -> bool:
        return self.bytes is not None and self.bytes.step is not None

    def told(self) -> str:
        """In a few words, for a table."""
        history = self.seconds
        if history.step:
            return f"{history.step.ratio:.2f} times for {history.step.nights} nights"
        if history.noise is None:
            other = f", {self.elsewhere} of another configuration" if self.elsewhere else ""
            return f"{history.nights} of {FEWEST} nights{other}"
        if history.too_noisy:
            return f"too noisy: {history.noise:.0%}"
        return f"as usual, {history.noise:.0%} noise"


def trend(mode: Mode, past: Past) -> Trend:
    seconds = look([one.work.seconds for one in past.nights])
    read = [one.work.bytes for one in past.nights]
    grown = look(read, LEAST_GROWTH) if mode is Mode.COLD and min(read) > 0 else None
    if seconds.step is None:
        return Trend(seconds, grown, past.elsewhere)
    before, newest = past.nights[: -seconds.step.nights], past.nights[-seconds.step.nights :]
    return Trend(seconds, grown, past.elsewhere, why(usual_work(before), usual_work(newest)))
