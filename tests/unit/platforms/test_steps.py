"""What is done to processes: decided from what runs and what is wanted."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from logops.platforms.local.section import Section
from logops.platforms.local.steps import Steps, decide, stop_group

INGESTER = Section("main-ingester-0", "a", "loki", (23110, 23111, 23112), "main", "ingester", "loki", 120)
QUERIER = Section("main-querier-0", "b", "loki", (23113, 23114, 23115), "main", "querier", "loki", 30)
WANTED = (INGESTER, QUERIER)
AS_WANTED = {"main-ingester-0": "a", "main-querier-0": "b"}


def test_what_runs_as_wanted_is_not_touched() -> None:
    assert decide(WANTED, AS_WANTED, known=AS_WANTED) == Steps()


def test_what_does_not_run_is_started_all_at_once() -> None:
    assert decide(WANTED, {}, known=()) == Steps(start=WANTED)


def test_what_runs_with_another_digest_is_restarted_one_at_a_time() -> None:
    assert decide(WANTED, {**AS_WANTED, "main-querier-0": "old"}, AS_WANTED) == Steps(restart=(QUERIER,))


def test_what_nobody_wants_is_removed() -> None:
    assert decide((INGESTER,), AS_WANTED, known=AS_WANTED) == Steps(remove=("main-querier-0",))


def test_what_read_an_edited_file_is_restarted() -> None:
    assert decide(WANTED, AS_WANTED, AS_WANTED, outdated={"main-querier-0"}) == Steps(restart=(QUERIER,))


def test_what_holds_a_port_that_another_is_to_have_does_not_wait_for_its_turn() -> None:
    running = {"main-ingester-0": "old", "main-querier-0": "old"}
    found = decide(WANTED, running, running, in_the_way={"main-querier-0"})
    assert found == Steps(start=(QUERIER,), restart=(INGESTER,))


def test_what_holds_a_port_and_is_another_stages_is_stopped() -> None:
    found = decide((INGESTER,), {"main-ingester-0": "old"}, ["main-ingester-0"], in_the_way={"promtail-main"})
    assert found == Steps(remove=("promtail-main",), restart=(INGESTER,))


@given(
    digests=st.lists(st.sampled_from("ab"), max_size=6),
    running=st.dictionaries(st.integers(0, 8), st.sampled_from("ab")),
)
def test_after_the_steps_what_is_wanted_runs_and_nothing_else(digests: list[str], running: dict[int, str]) -> None:
    wanted = [replace(INGESTER, name=f"p{number}", digest=digest) for number, digest in enumerate(digests)]
    now = {f"p{number}": digest for number, digest in running.items()}
    steps = decide(wanted, now, known=now)
    after = {name: digest for name, digest in now.items() if name not in steps.remove}
    after |= {section.name: section.digest for section in (*steps.start, *steps.restart)}
    assert after == {section.name: section.digest for section in wanted}


def test_senders_stop_first_then_who_serves_then_who_holds_logs_and_the_stores_last() -> None:
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
