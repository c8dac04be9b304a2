"""Decide the steps for processes from the running and the desired processes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from logops.platforms.local.section import Section
from logops.platforms.local.steps import Steps, decide, stop_group

INGESTER = Section("main-ingester-0", "a", "loki", (23110, 23111, 23112), "main", "ingester", "loki", 120)
QUERIER = Section("main-querier-0", "b", "loki", (23113, 23114, 23115), "main", "querier", "loki", 30)
WANTED = (INGESTER, QUERIER)
AS_WANTED = {"main-ingester-0": "a", "main-querier-0": "b"}


def test_process_with_desired_digest_has_no_step() -> None:
    assert decide(WANTED, AS_WANTED, known=AS_WANTED) == Steps()


def test_missing_processes_are_started_together() -> None:
    assert decide(WANTED, {}, known=()) == Steps(start=WANTED)


def test_process_with_other_digest_is_restarted() -> None:
    assert decide(WANTED, {**AS_WANTED, "main-querier-0": "old"}, AS_WANTED) == Steps(restart=(QUERIER,))


def test_process_that_is_no_longer_desired_is_removed() -> None:
    assert decide((INGESTER,), AS_WANTED, known=AS_WANTED) == Steps(remove=("main-querier-0",))


def test_outdated_process_is_restarted() -> None:
    assert decide(WANTED, AS_WANTED, AS_WANTED, outdated={"main-querier-0"}) == Steps(restart=(QUERIER,))


def test_process_on_needed_port_is_started_at_once() -> None:
    running = {"main-ingester-0": "old", "main-querier-0": "old"}
    steps = decide(WANTED, running, running, in_the_way={"main-querier-0"})
    assert steps == Steps(start=(QUERIER,), restart=(INGESTER,))


def test_process_of_another_stage_on_needed_port_is_removed() -> None:
    steps = decide((INGESTER,), {"main-ingester-0": "old"}, ["main-ingester-0"], in_the_way={"promtail-main"})
    assert steps == Steps(remove=("promtail-main",), restart=(INGESTER,))


@given(
    digests=st.lists(st.sampled_from("ab"), max_size=6),
    running=st.dictionaries(st.integers(0, 8), st.sampled_from("ab")),
)
def test_steps_lead_to_exactly_the_desired_processes(digests: list[str], running: dict[int, str]) -> None:
    wanted = [replace(INGESTER, name=f"p{number}", digest=digest) for number, digest in enumerate(digests)]
    now = {f"p{number}": digest for number, digest in running.items()}
    steps = decide(wanted, now, known=now)
    after = {name: digest for name, digest in now.items() if name not in steps.remove}
    after |= {section.name: section.digest for section in (*steps.start, *steps.restart)}
    assert after == {section.name: section.digest for section in wanted}


def test_stop_order_is_senders_servers_log_holders_stores() -> None:
    order = [
        ("promtail", ""),
        ("loki-canary", ""),
        ("loki", "distributor"),
        ("loki", "querier"),
        ("loki", "ingester"),
        ("loki", "all"),
        ("azurite", ""),
        ("prometheus", ""),
    ]
    assert [stop_group(program, component) for program, component in order] == [0, 0, 1, 1, 2, 2, 3, 3]
