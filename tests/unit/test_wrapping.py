from hypothesis import given
from hypothesis import strategies as st

from logops.wrapping import wrapped

TEXT = "The table is blocked. See `logops audit explain local loki_index_20780 application`, then try again."


@given(st.integers(1, 200))
def test_command_in_a_text_is_on_one_line_at_any_width(width: int) -> None:
    assert "`logops audit explain local loki_index_20780 application`" in wrapped(TEXT, width, 9)


@given(st.integers(1, 200))
def test_wrapped_text_has_every_word_in_order(width: int) -> None:
    assert wrapped(TEXT, width, 9).split() == TEXT.split()


@given(st.lists(st.text("abc", min_size=1, max_size=20)), st.integers(30, 200))
def test_no_line_of_a_text_is_wider_than_the_terminal(words: list[str], width: int) -> None:
    assert max(map(len, wrapped(" ".join(words), width, 9).splitlines()), default=0) <= width


def test_text_without_a_terminal_stays_on_one_line() -> None:
    assert wrapped(TEXT, None, 2) == f"  {TEXT}"
