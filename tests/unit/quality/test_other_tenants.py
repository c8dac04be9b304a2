"""Silent sources whose lines arrive in another tenant."""

from dataclasses import replace

from logops.environment import Environment
from logops.quality.counters import RECEIVED, Counter
from logops.quality.other_tenants import MOST_TENANTS, sources_in, tenants_to_ask
from tests.support.environments import environment
from tests.support.line_counts import busy_source
from tests.support.quality import MINUTES, STREAM, findings, healthy, only

SILENT = healthy((60,) * 10 + (0,) * 20)
LOCAL = environment("local")


def received(tenant: str, lines: int, cluster: str = "main") -> Counter:
    return Counter(cluster, f"{cluster}-distributor-0", 0, RECEIVED, (("tenant", tenant),), lines)


def test_silent_source_names_a_wrong_tenant_as_possible_cause() -> None:
    assert "that the lines are sent to the tenant of the source" in only(findings(SILENT)).remedy_text


def test_silent_source_whose_lines_arrive_in_another_tenant_says_in_which() -> None:
    finding = only(findings(replace(SILENT, arrives_in=["platform"])))

    assert finding.message == (
        "application has delivered no line since 2026-11-28 11:40 UTC, for 20 min. A line is expected every 15m, the "
        'default (learning: 0 of 29 days). Lines with its labels {job="oversight-app"} arrive in tenant platform '
        "instead of application."
    )
    assert finding.evidence["arrives_in"] == "platform"
    assert finding.remedy_text == (
        "If application is the right tenant, correct it where the lines are sent. `logops plan local` shows if the "
        "file of an agent is old. Otherwise look at the program that sends them. If platform is right, change "
        "`sources.application.tenant`. To see the lines: "
        "`curl -sG http://loki:3100/loki/api/v1/query_range -H 'X-Scope-OrgID: platform' "
        """--data-urlencode 'query={job="oversight-app"}' -d start=1795865400000000000 -d end=1795867200000000000`"""
    )


def test_source_that_is_silent_by_its_own_pauses_says_in_which_tenant_its_lines_arrive() -> None:
    history = busy_source()
    history = replace(history, counts=history.counts[:-2])
    finding = only(findings(replace(healthy((0,) * MINUTES), arrives_in=["platform"]), history=history))

    assert finding.message.endswith('{job="oversight-app"} arrive in tenant platform instead of application.')


def test_tenants_of_another_cluster_are_never_asked() -> None:
    counters = [received("security-team", 5, cluster="security")]

    assert tenants_to_ask(LOCAL, "main", counters) == ["application", "canary", "platform"]
    assert tenants_to_ask(LOCAL, "security", [received("application", 5)]) == ["security-team"]


def test_tenant_of_a_security_cluster_is_not_asked_in_a_standard_cluster_and_the_other_way_round() -> None:
    assert "security-team" not in tenants_to_ask(LOCAL, "main", [received("security-team", 5)])
    assert "platform" not in tenants_to_ask(LOCAL, "security", [received("platform", 5, cluster="security")])


def test_tenant_that_nobody_declared_is_asked_if_lines_of_it_were_received() -> None:
    asked = tenants_to_ask(LOCAL, "main", [received("aplication", 500), received("platform", 5)])

    assert asked == ["aplication", "platform", "application", "canary"]


def test_tenants_with_the_fewest_lines_are_not_asked_if_there_are_too_many() -> None:
    counters = [received(f"tenant-{number}", 100 + number) for number in range(20)]

    assert tenants_to_ask(LOCAL, "main", counters) == [f"tenant-{19 - number}" for number in range(MOST_TENANTS)]


def test_stream_with_the_labels_of_a_source_is_found() -> None:
    assert list(sources_in(LOCAL, "platform", ["application", "access"], [STREAM])) == ["application"]


def test_stream_of_a_source_that_is_declared_in_the_other_tenant_is_not_found() -> None:
    twin: Environment = environment(
        "local",
        ("sources.twin", {**LOCAL.sources["application"].model_dump(mode="json", by_alias=True), "tenant": "platform"}),
    )

    assert list(sources_in(twin, "platform", ["application"], [STREAM])) == []
