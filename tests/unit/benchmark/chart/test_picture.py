"""The picture of the history, as a reader of its SVG finds it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from xml.etree import ElementTree

import pytest

from logops.benchmark.chart.axes import day_axis
from logops.benchmark.chart.panel import panels
from logops.benchmark.chart.picture import COLD, COLOURS, WARM, png, svg
from logops.benchmark.history.explain import Work
from logops.benchmark.history.nights import Night
from logops.benchmark.history.trend import trends_by_night
from logops.benchmark.measure.cases import Case, Mode
from logops.queries.library import load_library
from logops.toolchain import project_root

TODAY = datetime(2026, 11, 28, 9, tzinfo=UTC)
NO_WORK = Work(seconds=0.0, exec_s=0.0, queue_s=0.0, bytes=0, cached_results=0, shards=0)
COLD_CASE, WARM_CASE = (Case("errors", 3600, mode) for mode in (Mode.COLD, Mode.WARM))
NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}


def nights(days_ago: Sequence[int], seconds: float = 0.2, slower_since: int = -1, setup: str = "c") -> list[Night]:
    """Return a night per day. Nights since `slower_since` days ago take 1.6 times as long."""
    chance = Random(1)
    measured = []
    for ago in days_ago:
        typical_s = seconds * (1.6 if ago <= slower_since else 1.0) * chance.lognormvariate(0, 0.03)
        started_ns = int((TODAY - timedelta(days=ago)).timestamp()) * 10**9
        measured.append(Night(f"run-{ago}", started_ns, (setup,), 12, NO_WORK, "main", typical_s, typical_s * 1.2))
    return measured


def drawn(measured: dict[Case, list[Night]]) -> str:
    days = day_axis((night.began for case_nights in measured.values() for night in case_nights), TODAY)
    content = panels(measured, trends_by_night(measured), load_library(project_root()))
    return svg(content, "local: night by night", days).decode()


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iterfind(".//svg:text", NAMESPACE)]


def centres(picture: str, colour: str) -> list[float]:
    """Return the horizontal positions of the filled points of a colour, without those of the legend."""
    point = re.compile(r'<path transform="translate\(([\d.]+),[\d.]+\)" d="[^"]*" fill="([^"]+)"[^>]*opacity="1"')
    return [float(x) for x, fill in point.findall(picture.partition("role-legend")[0]) if fill == colour]


@pytest.mark.parametrize("count", [1, 2, 5, 30, 90])
def test_axis_of_any_number_of_nights_has_days_and_no_times_of_day(count: int) -> None:
    labels = texts(drawn({COLD_CASE: nights(range(count - 1, -1, -1))}))
    axis = [label for label in labels if re.fullmatch(r"[\d.:]+|[\d:]+ [AP]M|\d+ [A-Z][a-z]+", label)]
    days = [label for label in axis if not re.fullmatch(r"[\d.]+", label)]

    assert days[-1] == "28 Nov"
    assert all(re.fullmatch(r"\d{1,2} [A-Z][a-z]{2}", day) for day in days)


def test_cold_and_warm_points_of_one_night_are_above_each_other() -> None:
    picture = drawn({COLD_CASE: nights([0]), WARM_CASE: nights([0], seconds=0.1)})

    assert len(centres(picture, COLD.light)) == 1
    assert centres(picture, COLD.light) == centres(picture, WARM.light)


def test_gap_of_weeks_is_as_wide_as_its_days() -> None:
    first, second, last = centres(drawn({COLD_CASE: nights([30, 29, 0])}), COLD.light)

    assert (last - second) / (second - first) == pytest.approx(29)


def test_too_few_nights_are_named_in_the_picture() -> None:
    assert any(
        "5 of 12 nights, too few to judge" in text for text in texts(drawn({COLD_CASE: nights(range(4, -1, -1))}))
    )


def test_slower_query_has_its_change_marked_and_dated() -> None:
    labels = texts(drawn({COLD_CASE: nights(range(29, -1, -1), slower_since=5)}))

    assert "▲" in labels
    assert any(label.endswith("times since 23 Nov") for label in labels)


def test_objective_is_a_line_and_a_label() -> None:
    picture = drawn({WARM_CASE: nights([1, 0], seconds=1.5)})

    assert "promised p95, warm: 2s" in texts(picture)
    assert 'stroke-dasharray="5,3"' in picture


def test_objective_far_above_is_only_named() -> None:
    picture = drawn({WARM_CASE: nights([1, 0], seconds=0.1)})

    assert "promised p95, warm: 2s, above this scale" in texts(picture)
    assert 'stroke-dasharray="5,3"' not in picture


def test_objective_of_warm_answers_is_not_drawn_for_cold_ones() -> None:
    assert not [text for text in texts(drawn({COLD_CASE: nights([1, 0])})) if "promised p95, warm" in text]


def test_night_far_outside_is_named_at_the_upper_edge() -> None:
    measured = nights(range(29, 0, -1)) + nights([0], seconds=8.0)

    assert any(text.startswith("↑ 8.") for text in texts(drawn({COLD_CASE: measured})))


def test_night_of_another_configuration_is_hollow() -> None:
    measured = nights(range(5, 2, -1), setup="old") + nights(range(2, -1, -1))

    assert len(centres(drawn({COLD_CASE: measured}), COLD.light)) == 3


def test_picture_has_title_and_description_for_screen_readers() -> None:
    root = ElementTree.fromstring(drawn({COLD_CASE: nights([1, 0])}))
    described = [root.find(f".//*[@id='{name}']") for name in root.attrib["aria-labelledby"].split()]

    assert root.attrib["role"] == "img"
    assert [element.text for element in described if element is not None] == [
        "local: night by night",
        "errors over 1h, 2 nights: cold 200 ms: 2 of 12 nights, too few to judge.",
    ]


def test_every_colour_of_the_picture_has_one_for_dark_mode() -> None:
    measured = {
        COLD_CASE: nights(range(39, -1, -1), slower_since=5),
        WARM_CASE: [*nights(range(39, 10, -1), setup="old"), *nights(range(10, 0, -1)), *nights([0], seconds=9.0)],
    }
    picture = drawn(measured)
    used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', picture.partition("</style>")[2])) - {"none", "transparent"}

    assert used <= {colour.light for colour in COLOURS}
    assert all(f'[fill="{colour}"]{{fill:' in picture for colour in used)


def test_png_is_drawn_from_the_same_nights() -> None:
    measured = {COLD_CASE: nights([1, 0])}
    content = panels(measured, trends_by_night(measured), {})

    assert png(content, "local", day_axis([], TODAY)).startswith(b"\x89PNG")
