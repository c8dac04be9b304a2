"""A rendered configuration against the one that a process reports."""

import pytest

from logops.rollout.settings import differing_settings


@pytest.mark.parametrize(
    ("declared", "running"),
    [
        ({"a": {"b": "1h"}}, {"a": {"b": "60m", "default": 3}}),
        ({"dir": "${LOGOPS_DATA}/wal"}, {"dir": "/srv/data/main-ingester-0/wal"}),
        ({"connection_string": "AccountKey=${KEY};"}, {"connection_string": "********"}),
        ({"url": "http://hook/"}, {"url": "<secret>"}),
        ({"join_members": ["a:1", "b:2"]}, {"join_members": "a:1,b:2"}),
        ({"source_matchers": ['b!=""', 'a=~"x|y"']}, {"source_matchers": ['a=~"x|y"', 'b!=""']}),
        ({"query_ingesters_within": "0s", "routes": []}, {}),
        ({"jobs": [{"job_name": "x", "port": 1}]}, {"jobs": [{"job_name": "x", "port": 1, "more": True}]}),
        ({"expressions": {"level": None}}, {"expressions": {"level": ""}}),
    ],
)
def test_setting_in_the_notation_of_the_process_is_the_same(
    declared: dict[str, object], running: dict[str, object]
) -> None:
    assert differing_settings(declared, running) == ()


@pytest.mark.parametrize(
    ("declared", "running", "text"),
    [
        ({"a": {"b": "1h"}}, {"a": {"b": "2h"}}, "a.b: 2h is running, 1h is in the file"),
        ({"a": {"b": "1h"}}, {"a": {}}, "a.b: nothing is running, 1h is in the file"),
        ({"dir": "${DATA}/wal"}, {"dir": "/srv/other"}, "dir: /srv/other is running, ${DATA}/wal is in the file"),
        (
            {"jobs": [{"job_name": "x", "p": 1}]},
            {"jobs": [{"job_name": "x", "p": 2}]},
            "jobs[x].p: 2 is running, 1 is in the file",
        ),
        ({"list": [1, 2]}, {"list": [1]}, "list: [1] is running, [1, 2] is in the file"),
    ],
)
def test_setting_with_another_value_is_named_with_both_values(
    declared: dict[str, object], running: dict[str, object], text: str
) -> None:
    assert [str(setting) for setting in differing_settings(declared, running)] == [text]
