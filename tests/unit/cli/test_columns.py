from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from logops.cli.output.columns import GAP, NEVER, Column, fitted
from logops.cli.output.table import table_text

words = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=12)
texts = st.lists(words, max_size=6).map(" ".join)


@st.composite
def tables(draw: st.DrawFn) -> list[Column]:
    """Columns of names, of numbers, and at most one of text that may wrap."""
    rows = draw(st.integers(1, 4))
    kinds = draw(st.lists(st.sampled_from(["id", "number"]), min_size=1, max_size=8))
    if draw(st.booleans()):
        kinds.append("text")
    return [
        Column(
            f"c{number}",
            draw(st.lists(texts if kind == "text" else words, min_size=rows, max_size=rows)),
            NEVER if kind == "id" else draw(st.integers(1, 9)),
            right=kind == "number",
            wraps=kind == "text",
        )
        for number, kind in enumerate(kinds)
    ]


def ids(columns: list[Column]) -> list[Column]:
    return [column for column in columns if column.priority == NEVER]


@given(tables(), st.integers(1, 200))
def test_every_id_of_a_table_is_printed_whole_at_any_width(columns: list[Column], width: int) -> None:
    lines = table_text(columns, width).plain

    assert [cell for column in ids(columns) for cell in column.cells if cell not in lines] == []


@given(tables(), st.integers(1, 200))
def test_no_line_is_wider_than_the_terminal_unless_the_ids_are(columns: list[Column], width: int) -> None:
    shown = [column for column in ids(columns) if not column.is_empty]
    only_ids = sum(column.width for column in shown) + GAP * (len(shown) - 1)
    hint = max(len(column.name) for column in columns) + 1

    lines = table_text(columns, width).plain.splitlines()

    assert max(map(cell_len, lines)) <= max(width, only_ids, hint, len("`| less -S`"))


@given(tables())
def test_table_without_a_terminal_has_every_word_of_every_cell(columns: list[Column]) -> None:
    lines = table_text(columns, None).plain

    assert [cell for column in columns if not column.is_empty for cell in column.cells if cell not in lines] == []


@given(tables(), st.integers(1, 200))
def test_column_is_left_out_only_if_all_columns_are_too_wide(columns: list[Column], width: int) -> None:
    shown = [column for column in columns if not column.is_empty] or columns
    least = sum(column.least_width for column in shown) + GAP * (len(shown) - 1)

    assert bool(fitted(columns, width).left_out) == (least > width and len(ids(shown)) < len(shown))


def test_columns_are_left_out_by_priority() -> None:
    columns = [Column("run", ["bench-20261124"]), Column("answers", ["1,200"], 2), Column("started", ["2026-11-24"], 1)]

    assert fitted(columns, 30).left_out == ("started",)


def test_wrapping_column_becomes_narrower_before_a_column_is_left_out() -> None:
    columns = [
        Column("table", ["loki_index_20780"]),
        Column("next", ["the compactor joins its index files"], 1, wraps=True),
    ]

    assert fitted(columns, 45).widths == (16, 27)


def test_column_without_text_is_not_shown() -> None:
    columns = [Column("table", ["loki_index_20780"]), Column("due", ["-"], 1)]

    assert [column.name for column in fitted(columns, 80).columns] == ["table"]
