"""The judgement of a source's line counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from logops.number_text import age_text
from logops.quality.bands.learn import NEEDED_DAYS


class State(StrEnum):
    """The state of a bucket, and of a source."""

    INSIDE = "inside"
    LOW = "low"
    HIGH = "high"
    SILENT = "silent"
    ABSENT = "absent"
    """The buckets were not measured, so nothing is known."""
    LEARNING = "learning"
    """There is not enough history, and nothing is declared."""


class Rule(StrEnum):
    """The rule that decided."""

    DECLARED = "declared"
    """The environment declares this limit."""
    LEARNED = "learned"
    """Buckets outside of the band that older weeks teach."""
    LEARNED_MEAN = "learned-mean"
    """A small but lasting change: the mean of some hours."""
    LEARNED_SILENCE = "learned-silence"
    """A silence that is longer than the source's own pauses."""
    NONE = "none"


@dataclass(frozen=True)
class Bucket:
    """One bucket as it was judged. Rates are lines per minute."""

    start: datetime
    state: State
    seen: float | None
    """None: absent."""
    expected: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class LevelShift:
    """A lasting change of the level that is now taken as usual."""

    since: datetime
    ratio: float
    """New level divided by the old one."""

    @property
    def text(self) -> str:
        return (
            f"The level changed on {self.since.astimezone(UTC):%Y-%m-%d} and stayed: it is "
            f"{rate_text(self.ratio)} times the old one."
        )


@dataclass(frozen=True)
class Verdict:
    """The judgement of a source at a moment. Rates are lines per minute."""

    state: State
    rule: Rule
    since: datetime | None
    """Start of the deviation; None: the state is inside or learning."""
    until: datetime
    """End of the last complete bucket. Nothing later was judged."""
    seen: float | None
    """Mean since `since`, or of the last hour."""
    lower: float | None
    """The usual band in the same time. None: no lower limit."""
    upper: float | None
    weeks: float
    """Length of the history."""
    basis: str
    """The origin of the band, in sentences."""
    shift: LevelShift | None = None
    buckets: Sequence[Bucket] = ()
    """The last day, or less."""

    @property
    def is_learned(self) -> bool:
        """Whether the history is long enough, so that the source is judged by it."""
        return self.rule in (Rule.LEARNED, Rule.LEARNED_MEAN, Rule.LEARNED_SILENCE)

    @property
    def is_fault(self) -> bool:
        return self.state in (State.LOW, State.HIGH, State.SILENT)

    @property
    def text(self) -> str:
        """Say what was expected and what was seen, as a person would."""
        if self.since is None:
            return self.basis
        since = moment_text(self.since, self.until)
        lasting = age_text((self.until - self.since).total_seconds())
        if self.state is State.ABSENT:
            return f"not measured since {since} ({lasting}). {self.basis}"
        if self.state is State.SILENT:
            return f"no line since {since} ({lasting}); {self.band_text} expected. {self.basis}"
        return f"since {since} ({lasting}) {self.band_text} expected, {rate_text(self.seen or 0)} seen. {self.basis}"

    @property
    def short_text(self) -> str:
        """Return the usual lines per minute, or how long they are still learned."""
        if not self.is_learned:
            days = int(self.weeks * 7)
            return (
                f"learning: {days} of {NEEDED_DAYS} days" if days < NEEDED_DAYS else "learning: too little was measured"
            )
        if self.lower is None or self.upper is None:
            return "only silence"
        return f"{rate_text(self.lower)} to {rate_text(self.upper)}/min"

    @property
    def band_text(self) -> str:
        match self.lower, self.upper:
            case None, None:
                return "lines were"
            case lower, None:
                return f"at least {rate_text(lower or 0)} lines/min were"
            case None, upper:
                return f"at most {rate_text(upper or 0)} lines/min were"
            case lower, upper:
                return f"{rate_text(lower or 0)} to {rate_text(upper or 0)} lines/min were"


def moment_text(moment: datetime, now: datetime) -> str:
    """Return a moment as UTC, with its day if it is not the last 24 hours."""
    utc = moment.astimezone(UTC)
    return f"{utc:%H:%M} UTC" if now - moment < timedelta(days=1) else f"{utc:%Y-%m-%d %H:%M} UTC"


def rate_text(per_minute: float) -> str:
    """Return a rate with two or three significant digits: 1,240, 12, 1.5, 0.02."""
    if per_minute >= 100:
        return f"{per_minute:,.0f}"
    return f"{per_minute:.2g}"
