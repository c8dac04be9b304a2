"""When the process that holds a lease is known to be dead."""

import os
from dataclasses import replace

import pytest

from logops.platforms.holder import Holder, Machine, is_known_dead, is_running, this_process

HERE = Machine("id name", "this boot", "pid:[1]")
HOLDER = Holder(HERE, 1234, 5678)


def held_by(machine: Machine) -> Holder:
    return replace(HOLDER, machine=machine)


@pytest.mark.parametrize(
    ("holder", "here", "running", "dead"),
    [
        pytest.param(HOLDER, HERE, True, False, id="it runs"),
        pytest.param(HOLDER, HERE, False, True, id="it has ended"),
        pytest.param(None, HERE, False, False, id="a run of several processes"),
        pytest.param(HOLDER, None, False, False, id="this machine is not known"),
        pytest.param(held_by(Machine("id name", "this boot", "pid:[2]")), HERE, False, False, id="another container"),
        pytest.param(held_by(Machine("id name", "last boot", "pid:[1]")), HERE, True, True, id="restarted machine"),
        pytest.param(held_by(Machine("id other", "its boot", "pid:[1]")), HERE, False, False, id="another machine"),
        pytest.param(
            held_by(Machine("", "its boot", "pid:[1]")), replace(HERE, id=""), False, False, id="machines without an id"
        ),
    ],
)
def test_holder_is_known_dead_only_if_it_cannot_run_anywhere(
    holder: Holder | None, here: Machine | None, running: bool, dead: bool
) -> None:
    assert is_known_dead(holder, here, running=running) is dead


def test_this_process_is_running() -> None:
    process = this_process()
    assert process is not None
    assert (process.pid, is_running(process)) == (os.getpid(), True)


def test_later_process_with_the_same_id_is_not_the_holder() -> None:
    process = this_process()
    assert process is not None
    assert not is_running(replace(process, start=process.start - 1))
