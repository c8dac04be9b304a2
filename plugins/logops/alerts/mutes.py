"""By what nobody is told of alerts: silences, and rollouts that may cause findings. Stored by each delivery."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from logops.alerts.audience import audience as audience_of
from logops.alerts.rollouts import Muted, MutingRollout
from logops.clients.alertmanager.model import LiveAlert, Matcher, Silence
from logops.environment import Environment
from logops.environment.cluster import AUDIENCES, Data
from logops.number_text import count_text

if TYPE_CHECKING:
    from logops.clients.alertmanager.client import AlertmanagerClient


@dataclass(frozen=True, slots=True)
class Mute:
    """A reason why nobody is told of some alerts."""

    audience: Data
    text: str
    """How many alerts, by whom and why, in one sentence."""
    until: datetime


def silences(client: "AlertmanagerClient", audience: Data, environment: str) -> Iterator[Mute]:
    """Yield the silences of an environment that are in force. Raises AlertmanagerError."""
    alerts = client.alerts([Matcher("environment", environment)])
    yield from silence_mutes(client.silences(), alerts, audience, environment)


def silence_mutes(
    silences: Iterable[Silence], alerts: Iterable[LiveAlert], audience: Data, environment: str
) -> Iterator[Mute]:
    """Yield the silences that are in force, and not about another environment. Pure.

    alerts   of the environment, from Prometheus as well
    """
    silenced = Counter(silence_id for alert in alerts for silence_id in alert.silenced_by)
    for silence in sorted(silences, key=lambda silence: (silence.ends_at, silence.id)):
        elsewhere = any(
            matcher.name == "environment" and matcher.is_equal and not matcher.is_regex and matcher.value != environment
            for matcher in silence.matchers
        )
        if silence.state == "active" and not elsewhere:
            about = ", ".join(str(matcher) for matcher in silence.matchers if matcher.name != "environment")
            yield Mute(
                audience,
                f"{count_text(silenced[silence.id], 'alert')} silenced by {silence.created_by}: {silence.comment} "
                f"({about or 'all alerts of the environment'})",
                silence.ends_at,
            )


def rollout_mutes(
    rollouts: Sequence[MutingRollout], muted: Iterable[Muted], environment: Environment
) -> Iterator[Mute]:
    """Yield the rollouts that mute findings now, for each audience that they mute something for. Pure."""
    counts = Counter((audience_of(entry.entry.finding, environment), entry.rollout) for entry in muted)
    for rollout in rollouts:
        for audience in AUDIENCES:
            if count := counts[audience, rollout]:
                yield Mute(
                    audience,
                    f"{count_text(count, 'finding')} muted: {rollout.cause} {'it' if count == 1 else 'them'}",
                    rollout.until,
                )
