"""Show the steps of a command, with and without a terminal."""

import io

import pytest
from rich.console import Console

from logops.toolchain import Event, State
from logops.toolchain.progress_board import Board, duration, ended_line, running_line
from tests.support.waiting import wait_for

ERASE_LINE = "\x1b[2K"


def board_on(text: io.StringIO) -> Board:
    return Board(Console(file=text, width=200))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (4.26, "4.3 s"), (42.4, "42 s"), (59.7, "1 min 00 s"), (124.0, "2 min 04 s")],
)
def test_duration_is_rounded_for_its_size(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_running_step_shows_name_elapsed_and_usual_time() -> None:
    event = Event("build promtail", State.RUNNING, 30.0, 130.0, "812 packages compiled")

    assert running_line(event, 30.0).plain == "  build promtail · 30 s, usually 2 min 10 s · 812 packages compiled"


def test_ended_step_is_marked_as_done_or_failed() -> None:
    done, failed = (Event("Airflow", state, 20.0, 25.0) for state in (State.DONE, State.FAILED))

    assert ended_line(done).plain == "✓ Airflow · 20 s"
    assert ended_line(failed).plain == "✗ Airflow · 20 s"


def test_short_step_without_terminal_prints_one_line_at_its_end() -> None:
    text = io.StringIO()

    with board_on(text) as board, board.step("connections", 1.0) as step:
        step.detail = "2 written"

    assert text.getvalue() == "✓ connections · 0.0 s · 2 written\n"


def test_long_step_without_terminal_prints_a_line_at_its_start() -> None:
    text = io.StringIO()

    with board_on(text) as board, board.step("Airflow", 25.0):
        announced = text.getvalue()

    assert announced == "  Airflow · 0.0 s, usually 25 s\n"


def test_step_that_raises_is_shown_as_failed() -> None:
    text = io.StringIO()

    with pytest.raises(ValueError, match="broken"), board_on(text) as board, board.step("programs", 1.0):
        raise ValueError("broken")

    assert text.getvalue() == "✗ programs · 0.0 s\n"


def test_running_line_of_an_ended_step_disappears_from_the_terminal() -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system=None)

    with Board(console) as board, board.step("Airflow", 25.0):
        # The board draws running steps four times a second.
        wait_for(lambda: "usually 25 s" in text.getvalue(), every=0.01, state=text.getvalue)

    _, drawn, after_last_drawing = text.getvalue().rpartition("usually 25 s")
    assert drawn
    assert ERASE_LINE in after_last_drawing
    assert "✓ Airflow · " in text.getvalue()


def test_brackets_in_a_line_are_not_parsed_as_markup() -> None:
    text = io.StringIO()

    with board_on(text) as board:
        board.say("[red]not red[/red]")

    assert text.getvalue() == "[red]not red[/red]\n"
