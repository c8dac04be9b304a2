from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.toolchain.versions import numbers, parse_version, version_of


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("loki, version 3.7.8 (branch: , revision: unknown)\n  go version:       go1.26.8", "3.7.8"),
        ("promtail, version 3.6.15 (branch: release-3.6.x, revision: 1a2b3c4)", "3.6.15"),
        ("loki, version 3.8.0-rc.1 (branch: , revision: )", "3.8.0-rc.1"),
        ("go version go1.27.3 linux/amd64", "1.27.3"),
        ("v24.19.0\n", "24.19.0"),
        ("3.37.0", "3.37.0"),
    ],
)
def test_version_is_parsed_from_program_output(output: str, version: str) -> None:
    assert parse_version(output) == version


def test_go_version_is_not_used_as_version_of_unversioned_program() -> None:
    assert parse_version("loki, version  (branch: , revision: )\n  go version:       go1.26.8") is None


@given(st.lists(st.integers(0, 999), min_size=2, max_size=4).map(tuple))
def test_version_is_parsed_into_its_numbers(parts: tuple[int, ...]) -> None:
    assert numbers(".".join(map(str, parts))) == parts


def test_version_3_7_10_is_newer_than_3_7_9() -> None:
    assert numbers("3.7.10") > numbers("3.7.9")


def test_version_printed_to_stderr_is_returned(machine: Path) -> None:
    script = machine / "logcli"
    script.write_text("#!/bin/sh\necho 'logcli, version 3.7.8' >&2\n")
    script.chmod(0o755)
    assert version_of(script, ("--version",)) == "3.7.8"


def test_program_version_is_cached_until_file_changes(machine: Path) -> None:
    script, asked = machine / "loki", machine / "asked"
    script.write_text(f"#!/bin/sh\necho x >> {asked}\necho 'loki, version 3.7.8'\n")
    script.chmod(0o755)
    assert [version_of(script, ()) for _ in range(3)] == ["3.7.8"] * 3
    assert asked.read_text() == "x\n"

    script.write_text(script.read_text().replace("3.7.8", "3.7.10"))
    assert version_of(script, ()) == "3.7.10"


def test_program_that_cannot_be_started_has_no_version(
    machine: Path, fake_executable: Callable[[Path, str], Path]
) -> None:
    script = fake_executable(machine / "loki", "loki, version 3.7.8")
    script.write_text("#!/no/such/interpreter\n")
    assert version_of(script, ()) is None
