"""Tests of rules on real rulers, from validation to recorded series, and the tests of every shipped alert."""

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from logops.cli import app
from logops.cli.output.console import FOUND
from logops.clients.loki import Entry, LokiClient, Point
from logops.clients.prometheus import recorded
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import PlatformError
from logops.render import Files
from logops.rollout import VerificationError, plan, verify_stage
from logops.rollout.verifications import rules as rule_verifications
from logops.rules.alert_tests import AlertTestResult, run_tests
from logops.rules.own_loki import own_loki
from logops.rules.read import FOLDER
from logops.toolchain import command, project_root
from tests.support.environments import RULES
from tests.support.waiting import wait_for

SIGN_IN = "rules/main/application/sign-in.yaml"
OTHER = {"name": "by-hand", "rules": [{"alert": "ByHand", "expr": "vector(1) > 2", "for": "1d", "labels": {"x": "y"}}]}


def put_back(platform: LocalPlatform) -> None:
    platform.apply("rules", platform.desired()["rules"], "tests", print)


def actions(platform: LocalPlatform) -> tuple[str, ...]:
    return plan(platform, ("rules",)).stages[0].actions


@pytest.fixture
def ruler(platform: LocalPlatform) -> Iterator[LokiClient]:
    with LokiClient(platform.ruler_url("main")) as client:
        yield client
    put_back(platform)


def test_lokitool_accepts_rolled_out_rules(platform: LocalPlatform, tmp_path: Path) -> None:
    files = [tmp_path / Path(name).name for name in platform.desired()["rules"]]
    for file, text in zip(files, platform.desired()["rules"].values(), strict=True):
        file.write_text(text)

    checked = subprocess.run(
        [*command("lokitool"), "rules", "check", "--strict", *map(str, files)], capture_output=True, text=True
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_rolled_out_rules_are_read_back_without_drift(platform: LocalPlatform) -> None:
    assert platform.live("rules") == platform.desired()["rules"]
    assert actions(platform) == ("nothing to change",)


def test_rule_group_added_by_hand_is_drift_and_apply_removes_group(platform: LocalPlatform, ruler: LokiClient) -> None:
    ruler.set_rule_group("application", "mine", OTHER)
    ruler.set_rule_group("application", "sign-in", OTHER)
    assert actions(platform) == ("remove rules/main/application/mine.yaml", f"change {SIGN_IN}")

    put_back(platform)

    assert actions(platform) == ("nothing to change",)
    assert set(ruler.rule_groups("application")) == {"application", "sign-in"}


def test_rule_group_deleted_by_hand_is_drift_and_apply_restores_group(
    platform: LocalPlatform, ruler: LokiClient
) -> None:
    ruler.delete_rule_group("application", "sign-in", "sign-ins")
    assert actions(platform) == (f"add {SIGN_IN}",)

    put_back(platform)

    assert platform.live("rules") == platform.desired()["rules"]


@pytest.mark.usefixtures("ruler")
def test_rollback_restores_previous_rules(platform: LocalPlatform) -> None:
    before = platform.live("rules")
    changed = Files({**before, SIGN_IN: before[SIGN_IN].replace("> 20", "> 21")})
    platform.apply("rules", changed, "another run", print)
    assert platform.live("rules") == changed

    platform.roll_back("rules", "another run", print)

    assert platform.live("rules") == before


@pytest.mark.usefixtures("ruler")
def test_rule_refused_by_loki_is_reported_with_loki_message(platform: LocalPlatform) -> None:
    before = platform.live("rules")
    bad = Files({**before, SIGN_IN: before[SIGN_IN].replace("[10m]", "[10 months]")})

    with pytest.raises(
        PlatformError, match=r"rule group sign-ins .* as tenant application: Loki answered 400: could not"
    ):
        platform.apply("rules", bad, "tests", print)

    assert platform.live("rules") == before


def test_rule_with_failed_evaluation_fails_verification_with_name(
    platform: LocalPlatform, ruler: LokiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The divisor has two series with one label set. The error appears only after lines exist."""
    expr = 'vector(1) / on () count_over_time({job=~"twins-.+"} [1h])'
    labels = {"cluster": "main", "tenant": "application"}
    group = {"name": "g", "rules": [{"record": "a:b:c", "expr": expr, "labels": labels}]}
    push(platform, [Entry(time.time_ns(), {"job": f"twins-{n}"}, "x") for n in range(2)])
    ruler.set_rule_group("application", "broken", group)
    broken = platform.live("rules")
    monkeypatch.setattr(platform, "desired", lambda: {"rules": broken})
    monkeypatch.setattr(rule_verifications, "SLACK_SECONDS", 10.0)

    with pytest.raises(VerificationError) as failed:
        verify_stage(platform, "rules", print)

    (check,) = [check for check in failed.value.checks if not check.passed and check.name == "rules-evaluated"]
    assert check.subject == "main/application/broken/g"
    assert "a:b:c failed: " in check.detail


def test_recorded_series_has_same_value_as_query(platform: LocalPlatform) -> None:
    """The lines have fixed times, so that the recorded value stays equal to the query's value for minutes."""
    now = time.time_ns()
    labels = {"job": "oversight-app", "level": "info", "service": "recorded"}
    push(platform, [Entry(now - n * 10**8, labels, f'{{"message":"HTTP Request","n":{n}}}') for n in range(600)])
    (rule,) = [one for one in RULES["application"].recordings if one.record == "service:http_requests:rate5m"]
    series = 'service:http_requests:rate5m{service="recorded",cluster="main",tenant="application"}'

    def seen() -> list[Point]:
        return recorded(platform.prometheus_url("main") or "", series)

    wait_for(lambda: bool(seen()), 45)
    with LokiClient(platform.read_url("main")) as client:
        asked = client.query("application", rule.expr, time.time_ns())

    assert [one.value for one in asked if one.labels["service"] == "recorded"] == [2.0]
    assert [one.value for one in seen()] == [2.0]


def test_shipped_alert_fires_in_ruler_after_its_hold_time(platform: LocalPlatform) -> None:
    ((_, alert),) = RULES["sign-in"].alerts
    ip, now = "198.51.100.77", time.time_ns()
    labels = {"job": "oversight-app", "level": "warn", "service": "fires"}
    text = f'{{"ip":"{ip}","message":"login failed"}}'
    push(platform, [Entry(now - n * 10**8, labels, text) for n in range(25)])

    wait_for(lambda: [one["state"] for one in active(platform, ip)] == ["firing"], 180, every=1)

    (fired,) = active(platform, ip)
    assert datetime.now(UTC) - datetime.fromisoformat(fired["activeAt"]) >= alert.for_.timedelta
    assert fired["labels"] == {
        "alertname": "FailedLoginBurst", "ip": ip, "severity": "warning",
        "cluster": "main", "tenant": "application", "owner": "security",
    }  # fmt: skip
    assert fired["annotations"] == {
        "summary": f"25 sign-ins from {ip} failed in 10 minutes",
        "description": alert.annotations.description,
    }


def active(platform: LocalPlatform, ip: str) -> list[dict[str, Any]]:
    """Return the pending and firing alerts of an IP address from the ruler's API."""
    url = f"{platform.ruler_url('main')}/prometheus/api/v1/alerts"
    answer = requests.get(url, headers={"X-Scope-OrgID": "application"}, timeout=10)
    answer.raise_for_status()
    return [one for one in answer.json()["data"]["alerts"] if one["labels"].get("ip") == ip]


def push(platform: LocalPlatform, entries: list[Entry]) -> None:
    with LokiClient(platform.write_url("main")) as client:
        client.push("application", entries)


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> list[AlertTestResult]:
    with own_loki(tmp_path_factory.mktemp("loki")) as client:
        return list(run_tests(client, RULES))


def test_shipped_alerts_pass_their_tests(moments: list[AlertTestResult]) -> None:
    assert [one for one in moments if not one.passed] == []
    assert {one.alert for one in moments} == {alert.alert for file in RULES.values() for _, alert in file.alerts}


def test_alert_that_does_not_fire_as_expected_fails_rules_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project_root()
    for name in ("tools", "include/environments"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(root / name)
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    (folder / "sign-in.yaml").write_text((root / FOLDER / "sign-in.yaml").read_text().replace("> 20", "> 200"))
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))

    failed = CliRunner().invoke(app, ["rules", "test"])

    assert failed.exit_code == FOUND
    assert failed.stdout == (
        'sign-in.yaml, FailedLoginBurst, test 1, at 12m: nothing fired, expected was {ip="203.0.113.9"}\n'
    )
    assert "2 moments as expected, 1 not" in failed.stderr
