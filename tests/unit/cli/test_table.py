import pytest
from rich.console import Console

from logops.cli.output.columns import Column
from logops.cli.output.table import table_text

RUNS = Column("run", ["bench-20261124T040000", "bench-20261125T040000"])
ANSWERS = Column("answers", ["7", "1,200"], 1, right=True)


def test_numbers_of_a_column_are_aligned_to_the_right() -> None:
    assert table_text([RUNS, ANSWERS], None).plain.splitlines() == [
        "run                    answers",
        "bench-20261124T040000        7",
        "bench-20261125T040000    1,200",
    ]


def test_left_out_columns_are_named_with_the_way_to_see_them() -> None:
    *_, hint = table_text([RUNS, ANSWERS], 28).plain.split("\n", 3)

    assert " ".join(hint.split()) == (
        "Not shown, the terminal is too narrow: answers. Add `| less -S` to see all columns."
    )


def test_totals_are_the_last_row() -> None:
    columns = [Column("tenant", ["application"], total="all"), Column("chunks", ["7"], right=True, total="1,207")]

    assert table_text(columns, None).plain.splitlines()[-1] == "all           1,207"


def test_escape_sequence_in_a_cell_is_not_sent_to_the_terminal() -> None:
    assert "\x1b" not in table_text([Column("table", ["loki\x1b[2Jindex"])], 80).plain


def test_cell_has_the_style_of_its_text() -> None:
    text = table_text([Column("phase", ["expired", "retained"], styles={"expired": "red"})], None)

    assert [(text.plain[span.start : span.end], span.style) for span in text.spans if span.style == "red"] == [
        ("expired", "red")
    ]


def test_table_with_no_color_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(table_text([Column("phase", ["expired"], styles={"expired": "red"})], None))

    assert "\x1b[31m" not in capture.get()
