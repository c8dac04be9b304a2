"""By what nobody is told of alerts, as the page shows it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.alerts.last_delivery import read_last_delivery, write_last_delivery
from logops.alerts.mutes import Mute, rollout_mutes, silence_mutes
from logops.alerts.rollouts import Muted, MutingRollout
from logops.clients.alertmanager.model import LiveAlert, Matcher, Silence
from logops.findings import Finding, Subject
from logops.findings.classes import REGISTRY
from logops.findings.history import OpenFinding
from logops.findings.store import ResultsStore
from tests.support.environments import environment

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=6)


def silence(*matchers: Matcher, state: str = "active") -> Silence:
    return Silence(matchers, NOON, EVENING, "ada", "new disks", "7", state)


def alert(*silenced_by: str) -> LiveAlert:
    return LiveAlert(frozenset({("alertname", "gap")}), {}, NOON, EVENING, silenced_by)


def test_silence_in_force_says_how_many_alerts_by_whom_why_and_until_when() -> None:
    of_gap = silence(Matcher("environment", "local"), Matcher("alertname", "gap"))

    [mute] = silence_mutes([of_gap], [alert("7"), alert("7", "8"), alert()], "standard", "local")

    assert mute == Mute("standard", '2 alerts silenced by ada: new disks (alertname="gap")', EVENING)


def test_silence_that_has_ended_or_is_about_another_environment_is_left_out() -> None:
    ended, elsewhere = silence(state="expired"), silence(Matcher("environment", "production"))

    assert [*silence_mutes([ended, elsewhere], [], "standard", "local")] == []


def test_rollout_is_a_mute_for_those_whose_findings_it_mutes() -> None:
    rollout = MutingRollout(NOON, EVENING, is_running=True)
    findings = [
        Finding(REGISTRY["gap"], Subject("local", cluster), "", NOON) for cluster in ("main", "main", "security")
    ]
    muted = [Muted(OpenFinding(finding, NOON), rollout) for finding in findings]

    assert [*rollout_mutes([rollout], muted, environment("local"))] == [
        Mute("standard", "2 findings muted: the rollout that runs since 12:00 may cause them", EVENING),
        Mute("security", "1 finding muted: the rollout that runs since 12:00 may cause it", EVENING),
    ]


def test_mutes_are_stored_with_the_delivery_that_saw_them(tmp_path: Path) -> None:
    store, mute = ResultsStore(str(tmp_path)), Mute("security", "1 alert silenced by ada: new disks", EVENING)
    write_last_delivery(store, "local", (), NOON, [mute])

    delivery = read_last_delivery(store, "local")

    assert delivery is not None
    assert delivery.mutes == (mute,)
