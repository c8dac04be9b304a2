from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from logops.findings import Finding, Subject
from logops.findings.classes import REGISTRY
from logops.findings.groups import grouped, ungrouped

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
words = st.sampled_from(["", "a", "b", "c", "d"])
findings = st.builds(
    Finding,
    st.sampled_from([REGISTRY[name] for name in ("chunk-missing", "check-incomplete", "query-failing")]),
    st.builds(Subject, cluster=words, tenant=words, table=words, query=words, source=words, path=words),
    st.sampled_from(["one", "two"]),
    st.just(AS_OF),
)


def overshoot(day: int, tenant: str = "application", chunks: int = 1) -> Finding:
    subject = Subject("local", "main", tenant, f"loki_index_{day}")
    evidence = {"chunks": chunks, "bytes": chunks * 1024, "since": f"2026-11-{day % 28 + 1:02}T06:30:00+00:00"}
    return Finding(REGISTRY["retention-overshoot"], subject, f"{chunks} chunks past.", AS_OF, evidence)


def failing(query: str, message: str = "Connection refused.") -> Finding:
    return Finding(REGISTRY["query-failing"], Subject("local", "main", query=query), message, AS_OF)


@given(st.lists(findings))
def test_every_finding_is_in_exactly_one_group(reported: list[Finding]) -> None:
    members = [finding for group in grouped(reported) for finding in group.findings]

    assert sorted(members, key=repr) == sorted(reported, key=repr)


@given(st.lists(findings))
def test_groups_are_sorted_by_severity(reported: list[Finding]) -> None:
    ranks = [group.cls.severity.rank for group in grouped(reported)]

    assert ranks == sorted(ranks, reverse=True)


def test_findings_of_many_tables_are_one_group_with_the_first_and_last_table() -> None:
    (group,) = grouped(overshoot(20_560 + day) for day in range(221))

    assert (
        group.title
        == "environment=local cluster=main tenant=application  221 tables (loki_index_20560 to loki_index_20780)"
    )


def test_group_with_several_tenants_names_them() -> None:
    (group,) = grouped(overshoot(day, tenant) for day in (1, 2) for tenant in ("application", "system"))

    assert group.title.endswith("2 tables (loki_index_1, loki_index_2) of 2 tenants (application, system)")


def test_group_message_has_totals_and_the_largest_finding() -> None:
    (group,) = grouped([overshoot(1), overshoot(2, chunks=7), overshoot(3)])

    assert group.message == (
        "In all: 9 chunks, 9.0 KiB, the oldest since 2026-11-02 06:30 UTC. "
        "For example loki_index_2 of application: 7 chunks past."
    )


def test_group_remedy_names_the_largest_finding() -> None:
    (group,) = grouped([overshoot(1), overshoot(2, chunks=7), overshoot(3)])

    assert "`logops audit explain local loki_index_2 application`" in group.remedy


def test_two_findings_of_one_cause_stay_apart() -> None:
    assert len(grouped([overshoot(1), overshoot(2)])) == 2


def test_queries_with_the_same_message_are_one_group() -> None:
    (group,) = grouped(map(failing, ("errors", "latency", "requests", "logins")))

    assert group.title == "environment=local cluster=main  4 queries (errors, latency, logins and 1 more)"
    assert group.message == "Connection refused."


def test_queries_with_different_messages_stay_apart() -> None:
    assert len(grouped(failing(query, f"{query} is wrong.") for query in ("errors", "latency", "requests"))) == 3


def test_ungrouped_findings_are_sorted_by_severity_and_subject() -> None:
    first, second, third = ungrouped([failing("b"), overshoot(1), failing("a")])

    assert [group.title.split()[-1] for group in (first, second, third)] == [
        "query=a", "query=b", "table=loki_index_1",
    ]  # fmt: skip
