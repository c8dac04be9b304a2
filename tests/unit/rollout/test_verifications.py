"""The functions that decide whether a verification passes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.clients.loki import EvaluatedRule, RingMember
from logops.environment import load_environment
from logops.rollout.errors import VerificationError, VerificationResult
from logops.rollout.settings import Setting
from logops.rollout.verifications.agents import verification_line
from logops.rollout.verifications.loki import configuration_text, ring_trouble
from logops.rollout.verifications.rules import trouble
from logops.rollout.verifications.verification import NotVerifiedError, wait_for

LOCAL = load_environment(Path(__file__).parents[3] / "include/environments/local.yaml")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EARLIER = datetime(2026, 1, 1, 11, tzinfo=UTC)


def test_verification_line_of_json_source_has_its_json_fields() -> None:
    source = LOCAL.sources["application"]
    line = json.loads(verification_line(source, "logops-1", NOON))
    assert line["timestamp"] == "2026-01-01T12:00:00+00:00"
    assert {line[label] for label in source.parse.labels} == {"logops-verify"}
    assert line["message"].startswith("logops-1 ")


def test_verification_line_of_syslog_source_is_rfc_5424() -> None:
    line = verification_line(LOCAL.sources["syslog"], "logops-1", NOON)
    assert line.startswith("<13>1 2026-01-01T12:00:00.000+00:00 logops logops - - - logops-1 ")


def test_wait_after_timeout_raises_with_missing_condition() -> None:
    with pytest.raises(NotVerifiedError, match="3 ingesters ACTIVE within 0 s"):
        wait_for(lambda: None, lambda: "expected 3 ingesters ACTIVE", 0.0)


def member(name: str, state: str = "ACTIVE") -> RingMember:
    return RingMember(id=name, state=state, address="", heartbeat_age=timedelta(), zone="")


@pytest.mark.parametrize(
    ("members", "trouble_text"),
    [
        ([member("a"), member("b")], ""),
        ([member("a")], "b missing"),
        ([member("a"), member("b", "LEAVING")], "b LEAVING"),
        ([member("a"), member("b"), member("c")], "c not declared"),
        ([member("a", "PENDING"), member("c", "UNHEALTHY")], "a PENDING; c UNHEALTHY; b missing; c not declared"),
        ([], "a missing; b missing"),
    ],
)
def test_ring_is_verified_if_its_members_are_the_declared_ones_and_active(
    members: list[RingMember], trouble_text: str
) -> None:
    assert ring_trouble(["a", "b"], members) == trouble_text


def test_configuration_text_masks_secrets_and_counts_what_it_leaves_out() -> None:
    secret = Setting("common.storage.azure.account_key", "old", "new")
    text = configuration_text([secret, *(Setting(f"limits_config.a{number}", 1, 2) for number in range(21))])

    assert "common.storage.azure.account_key: ***" in text
    assert "new" not in text
    assert text.endswith("    limits_config.a18: 2 is running, 1 is in the file\n    and 2 more")


def test_verification_error_lists_only_failed_checks() -> None:
    checks = (
        VerificationResult("ring-active", "main", False, "2 ACTIVE"),
        VerificationResult("versions-equal", "main", True, "all run 3.7.8"),
    )
    assert (
        str(VerificationError("loki", checks)) == "verifying loki: 1 of 2 checks failed\n  ring-active main: 2 ACTIVE"
    )


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([("A", "ok", "", NOON), ("B", "ok", "", NOON)], ""),
        ([("A", "ok", "", NOON)], "the ruler has other rules"),
        ([("A", "ok", "", NOON), ("B", "ok", "", EARLIER)], "B was not evaluated since it was stored"),
        ([("A", "err", "boom", EARLIER), ("B", "ok", "", NOON)], "A was not evaluated since it was stored"),
        ([("A", "unknown", "", NOON), ("B", "ok", "", NOON)], "A was not evaluated since it was stored"),
        ([("A", "err", "boom", NOON), ("B", "ok", "", NOON)], "A failed: boom"),
    ],
)
def test_rule_group_is_verified_if_all_rules_were_evaluated_since_stored(
    rules: list[tuple[str, str, str, datetime]], message: str
) -> None:
    assert trouble(["A", "B"], [EvaluatedRule(*rule) for rule in rules], NOON) == message
