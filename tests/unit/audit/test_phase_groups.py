from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from logops.audit.policy.phase import Phase
from logops.audit.report.phase_groups import phase_groups, table_count
from logops.audit.report.result import TableRow

AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
ROW = TableRow("main", "loki_index_1", 1, "team", Phase.RETAINED, "wait", AS_OF, 1, 3, 4_000, (0, 2, 1, 0, 0), 1)
names = st.sampled_from(["a", "b"])
days = st.integers(1, 4)
rows = st.builds(
    lambda cluster, tenant, phase, day: replace(
        ROW, cluster=cluster, tenant=tenant, phase=phase, day=day, table=f"loki_index_{day}"
    ),
    names,
    names,
    st.sampled_from(list(Phase)),
    days,
)


@given(st.lists(rows))
def test_every_row_is_in_exactly_one_group(members: list[TableRow]) -> None:
    assert sorted((row for group in phase_groups(members) for row in group.rows), key=repr) == sorted(members, key=repr)


def test_groups_of_a_tenant_are_in_the_order_of_the_phases() -> None:
    shuffled = [replace(ROW, phase=phase) for phase in sorted(Phase)]

    assert [group.phase for group in phase_groups(shuffled)] == list(Phase)


def test_group_shows_the_step_that_is_due_first() -> None:
    steps = [None, AS_OF + timedelta(days=2), AS_OF + timedelta(days=1)]
    (group,) = phase_groups(replace(ROW, day=day, due=due) for day, due in enumerate(steps))

    assert group.first_due.due == AS_OF + timedelta(days=1)


def test_group_counts_overdue_tables() -> None:
    (group,) = phase_groups(replace(ROW, due=AS_OF + timedelta(hours=hours)) for hours in (-2, -1, 1))

    assert group.overdue(AS_OF) == 2


def test_table_of_several_tenants_counts_once() -> None:
    assert table_count([ROW, replace(ROW, tenant="other"), replace(ROW, table="loki_index_2")]) == 2
