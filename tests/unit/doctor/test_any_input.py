"""Tests with arbitrary files: the doctor returns findings or raises DocumentError, and no other error."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from logops.doctor import DocumentError, RetentionPromise, check, migrate, read_texts
from tests.unit.doctor.files import (
    FLUENT_BIT,
    LOKI,
    NOW,
    OLD_PERIOD,
    PROMISE,
    PROMTAIL,
    PROMTAIL_VALUES,
    VALUES,
    changed,
    policy,
)

GOOD: tuple[dict[str, Any], ...] = (
    changed(LOKI, schema_config__configs=[OLD_PERIOD], compactor__shared_store="azure", frontend={"x": 1}),
    changed(VALUES, loki__structuredConfig={"ingester": {"wal": {}}}, gateway={"ingress": {"enabled": True}}),
    PROMTAIL,
    PROMTAIL_VALUES,
    yaml.safe_load(policy(tierToCool=30)),
    {"overrides": {"application": {"retention_stream": [{"period": "1d"}]}}},
    {"pipeline": {"inputs": [{"name": "tail"}], "outputs": [{"name": "loki", "port": "x"}]}},
    {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": FLUENT_BIT, "b": yaml.safe_dump(LOKI)}},
)
ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "${X}",
        "0",
        "[",
        [],
        [[]],
        [None],
        ["x"],
        {},
        {"x": 1},
        {1: 2},
        {None: {}},
    ]
)


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(path for key, below in inner for path in paths(below, (*above, key)))]


@st.composite
def files(draw: st.DrawFn) -> str:
    """A correct file with one or two unexpected values."""
    document: Any = yaml.safe_load(yaml.safe_dump(draw(st.sampled_from(GOOD))))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(paths(document)))
        if not path:
            continue
        at = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = deepcopy(draw(ODD))
    return yaml.safe_dump(document)


@settings(max_examples=300)
@given(st.lists(files(), min_size=1, max_size=3), st.sampled_from([PROMISE, None]))
def test_doctor_accepts_or_refuses_any_file(texts: list[str], promise: RetentionPromise | None) -> None:
    with suppress(DocumentError):
        check(read_texts({f"file-{n}": text for n, text in enumerate(texts)}, promise), NOW)


@settings(max_examples=300)
@given(files())
def test_migrate_accepts_or_refuses_any_file(text: str) -> None:
    with suppress(DocumentError):
        yaml.safe_load(migrate(text, "file", NOW))


@given(st.text(max_size=80))
def test_doctor_accepts_or_refuses_any_text(text: str) -> None:
    with suppress(DocumentError):
        read_texts({"file": text})
