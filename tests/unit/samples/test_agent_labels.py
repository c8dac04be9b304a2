"""Samples have the labels and metadata that the agents of `local` would send."""

import re

import pytest

from logops.queries.known import known
from logops.samples import Kind, generate
from tests.support.environments import environment

LOCAL = environment("local")
SOURCES = {Kind.APPLICATION: "application", Kind.ACCESS: "access", Kind.AUDIT: "audit", Kind.SYSTEM: "syslog"}
START_NS = 1_788_188_400 * 10**9
# `filename` depends on this machine, `host` on the machines in the samples.
ONE_SIDED = {"filename", "host"}


@pytest.mark.parametrize("kind", Kind)
def test_sample_labels_and_metadata_match_declared_source(kind: Kind) -> None:
    source = known(LOCAL, SOURCES[kind])
    lines = list(generate(kind, 1, START_NS, START_NS + 60 * 10**9, 60))

    assert lines
    for line in lines:
        assert line.labels.keys() - ONE_SIDED == (source.fixed.keys() | source.varying) - ONE_SIDED
        assert line.labels.items() >= source.fixed.items()
        assert line.structured_metadata.keys() == source.metadata


@pytest.mark.parametrize("name", ["local", "production"])
def test_access_line_is_parsed_with_and_without_trace_id(name: str) -> None:
    expression = environment(name).sources["access"].parse.expression
    assert expression
    (line, *_) = generate(Kind.ACCESS, 1, START_NS, START_NS + 60 * 10**9, 60)
    read, without = re.match(expression, line.text), re.match(expression, line.text.split(" trace_id=")[0])

    assert read
    assert read["trace_id"] == line.structured_metadata["trace_id"]
    assert without
    assert (without["time"], without["trace_id"]) == (read["time"], None)
