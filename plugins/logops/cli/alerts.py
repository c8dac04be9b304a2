"""`logops alerts ...`: what the Alertmanagers know, whom they tell, and silences."""

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import typer

from logops.alerts.active import ActiveAlert, headline, read_active, read_muted
from logops.alerts.alertmanager import open_alertmanager
from logops.alerts.audience import audience
from logops.alerts.deliver import deliver
from logops.alerts.from_finding import TEST, labels
from logops.alerts.routing import receiver_of
from logops.alerts.silences import SilenceError, silence_for
from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, OK, err, print_json, print_text, say, stop, width
from logops.cli.output.findings import listing
from logops.cli.output.table import show_table
from logops.cli.targets import known_class, readable, results_store
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.errors import AlertmanagerError
from logops.clients.alertmanager.model import Alert
from logops.environment.cluster import Data
from logops.environment.units import Duration
from logops.errors import LogopsError
from logops.findings import Finding, Subject
from logops.number_text import age_text
from logops.platforms.platform import ReadablePlatform
from logops.render.alertmanager import alertmanagers
from logops.rollout.approval import terminal_approver
from logops.wrapping import wrapped

TEST_LASTS = timedelta(minutes=5)
Answer = TypeVar("Answer")


def list_(name: str, security: bool, as_json: bool) -> None:
    """Run `logops alerts list`."""
    target = readable(name)
    try:
        rows = read_active(target, _audience(security))
    except AlertmanagerError as error:
        stop(str(error), FOUND)
    try:
        rows += read_muted(target, results_store(target.environment), _audience(security), datetime.now(UTC))
    except LogopsError as error:
        say(f"Findings that a rollout mutes are not in the list. {error}")
    if as_json:
        print_json({"headline": headline(rows), "alerts": [row.to_dict() for row in rows]})
    else:
        print_text(headline(rows))
        if rows:
            print_text("")
            show_table(_columns(rows, datetime.now(UTC)))
    raise typer.Exit(OK if all(row.silenced for row in rows) else FOUND)


def send(name: str, paused: list[str], as_json: bool) -> None:
    """Run `logops alerts send`."""
    target = readable(name)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        with err.status("") as status:
            delivery = deliver(target, results_store(target.environment), now, status.update, paused)
    except LogopsError as error:
        stop(str(error))
    if as_json:
        print_json(delivery.to_dict())
    else:
        print_text(wrapped(delivery.headline, width()))
        if delivery.findings:
            print_text("")
            print_text(listing(delivery.findings, every=True))
    raise typer.Exit(FOUND if delivery.findings else OK)


def try_(name: str, cls: str, cluster: str | None, source: str | None, really: bool) -> None:
    """Run `logops alerts test`."""
    target = readable(name)
    environment = target.environment
    now = datetime.now(UTC).replace(microsecond=0)
    subject = Subject(environment.name, cluster or _cluster_of(target, source), source=source or "")
    found = Finding(known_class(cls), subject, "A test: nothing is wrong.", now)
    who = audience(found, environment)
    identity = labels(found.cls, subject, environment)
    receiver = receiver_of(alertmanagers(environment)[who], dict(identity))
    told = f"the receiver {receiver}" if receiver else f"nobody: alerts.{who}.receiver is not set, and no route fits"
    team = dict(identity)["team"]
    route = f"{cls} ({found.cls.severity.value}, team {team}) goes to the {who} Alertmanager. It tells {told}."
    print_text(wrapped(route, width()))
    if really:
        alert = Alert(identity | {TEST}, {"summary": found.message}, now, now + TEST_LASTS)
        for url in _urls(target, who):
            _call(target, who, url, lambda client: client.send([alert]))
            say(f"Sent to {url}. It ends at {now + TEST_LASTS:%H:%M} UTC.")


def silence(
    name: str,
    cls: str | None,
    length: str | None,
    why: str | None,
    cluster: str | None,
    source: str | None,
    security: bool,
) -> None:
    """Run `logops alerts silence` for a class."""
    if not cls or not length or not why:
        stop("A silence needs a CLASS, --for and --why. To end one: --end ID.")
    target = readable(name)
    environment = target.environment
    now = datetime.now(UTC).replace(microsecond=0)
    subject = {name: value for name, value in (("cluster", cluster), ("source", source)) if value}
    try:
        new = silence_for(
            environment.name,
            known_class(cls).name,
            subject,
            Duration(length).timedelta,
            terminal_approver(environment, getpass.getuser()),
            why,
            now,
        )
    except (SilenceError, ValueError) as error:
        stop(str(error))
    # Replicas of a pair tell each other about silences.
    who = _audience(security)
    url = _urls(target, who)[0]
    made = _call(target, who, url, lambda client: client.set_silence(new))
    silenced = _call(target, who, url, lambda client: client.alerts(new.matchers))
    print_text(
        wrapped(
            f"Silenced until {new.ends_at:%Y-%m-%d %H:%M} UTC: {cls}"
            f"{''.join(f' of {part} {value}' for part, value in subject.items())}. Active alerts: "
            f"{len(silenced)}. The silence is {made}.",
            width(),
        )
    )


def end_silence(name: str, silence_id: str, security: bool) -> None:
    """Run `logops alerts silence --end`."""
    target = readable(name)
    who = _audience(security)
    url = _urls(target, who)[0]
    known = _call(target, who, url, lambda client: client.silences())
    ended = next((silence for silence in known if silence.id == silence_id), None)
    if ended is None or ended.state == "expired":
        other = "" if security else " For the Alertmanager of security, add --security."
        stop(f"ending the silence {silence_id} at {url}: it has no such silence that is in force.{other}", FOUND)
    _call(target, who, url, lambda client: client.end_silence(silence_id))
    matchers = ", ".join(str(matcher) for matcher in ended.matchers)
    print_text(wrapped(f"Ended: the silence of {ended.created_by} ({ended.comment}), {matchers}.", width()))


def _audience(security: bool) -> Data:
    return "security" if security else "standard"


def _cluster_of(target: ReadablePlatform, source: str | None) -> str:
    """Return the cluster of a source; empty without a source."""
    if source is None:
        return ""
    declared = target.environment.sources
    if source not in declared:
        stop(f"{source} is no source of {target.environment.name}. It has: {', '.join(sorted(declared)) or 'none'}.")
    return declared[source].cluster


def _urls(target: ReadablePlatform, who: Data) -> tuple[str, ...]:
    urls = target.alertmanager_urls(who)
    if not urls:
        stop(f"alerts.{who}.urls of {target.environment.name} names no Alertmanager.")
    return urls


def _call(target: ReadablePlatform, who: Data, url: str, work: Callable[[AlertmanagerClient], Answer]) -> Answer:
    try:
        with open_alertmanager(target.environment, who, url) as client:
            return work(client)
    except AlertmanagerError as error:
        stop(str(error), FOUND)


def _columns(rows: Sequence[ActiveAlert], now: datetime) -> list[Column]:
    return [
        Column("alert", [row.name for row in rows]),
        Column("severity", [row.severity for row in rows], 90),
        Column("since", [f"{age_text((now - row.since).total_seconds())}" for row in rows], 80),
        Column("team", [row.team for row in rows], 50),
        Column("about", [row.subject for row in rows], below=True),
        Column("what", [row.summary for row in rows], below=True),
        Column("told", [row.told for row in rows], below=True),
    ]
