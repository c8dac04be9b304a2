"""Line and column of findings, in every kind of file."""

import pytest

from logops.diagnostics.model import Lines, Position
from logops.doctor import DocumentError, read_texts
from logops.doctor.diagnostics import as_diagnostic, unreadable
from logops.doctor.reading.offsets import offset_of
from tests.unit.doctor.files import findings

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: loki}
data:
  # The name of the file has a dot.
  loki.yaml: |
    auth_enabled: true
    limits_config:
      retention_perod: 90d
"""

TERRAFORM = """\
resource "azurerm_storage_management_policy" "loki" {
  rule {
    name = "first"
  }
  rule {
    filters {
      prefix_match = ["a", "b"]
    }
  }
}
"""

CLASSIC = """\
[INPUT]
    Name tail
[OUTPUT]
    Name loki
    # Port 1
    Port 3100
[OUTPUT]
    Name stdout
"""


@pytest.mark.parametrize(
    ("text", "path", "marked"),
    [
        ("a:\n  b: 1\n", "a.b", "b: 1"),
        ("a:\n  - x: 1\n  - x: 2\n", "a[1].x", "x: 2"),
        ('a: {"b c": [1, 2]}\n', "a.b c[1]", "2]"),
        ("a.b:\n  c: 1\na:\n  b: 2\n", "a.b.c", "c: 1"),
        ('{\n\t"a": {\n\t\t"b": 1}}', "a.b", '"b": 1'),
        ("# comment\na:\n  b: 1\n", "a.missing.key", "a:"),
        ("# comment\na: 1\n", "missing", "a: 1"),
        (CONFIG_MAP, "data.loki.yaml.limits_config.retention_perod", "retention_perod"),
        (CONFIG_MAP, "data.loki.yaml.compactor", "loki.yaml: |"),
        (TERRAFORM, "azurerm_storage_management_policy.loki.rule[1].filters.prefix_match[1]", "prefix_match"),
        (TERRAFORM, "azurerm_storage_management_policy.loki.rule[1].actions", "rule {\n    filters"),
        (TERRAFORM, "azurerm_storage_management_policy.loki", "resource"),
        (CLASSIC, "OUTPUT[0].port", "Port 3100"),
        (CLASSIC, "OUTPUT[1].Port", "[OUTPUT]\n    Name stdout"),
        (
            f"data:\n  fluent-bit.conf: |\n    {CLASSIC.replace(chr(10), chr(10) + '    ')}",
            "data.fluent-bit.conf.OUTPUT[0].Name",
            "Name loki",
        ),
    ],
)
def test_path_is_found_at_its_key_or_at_the_nearest_key_above(text: str, path: str, marked: str) -> None:
    assert text[offset_of(text, path) :].startswith(marked)


def test_path_of_second_document_is_found_in_that_document() -> None:
    text = "---\n# only a comment\n---\na: 1\n---\na: 2\n"
    assert text[offset_of(text, "a", document=1) :] == "a: 2\n"


def test_path_in_text_that_is_no_yaml_is_at_its_start() -> None:
    assert offset_of("a: [", "a") == 0


def test_finding_has_line_and_column_of_its_key() -> None:
    (finding,) = [finding for finding in findings(CONFIG_MAP) if finding.cls.name == "limit-unknown"]
    assert (finding.evidence["line"], finding.evidence["column"]) == (9, 7)


def test_finding_in_second_document_has_a_position_in_that_document() -> None:
    text = f"{CONFIG_MAP}---\n{CONFIG_MAP}"
    lines = [finding.evidence["line"] for finding in findings(text) if finding.cls.name == "limit-unknown"]
    assert lines == [9, 19]


def test_diagnostic_marks_the_whole_key() -> None:
    (finding,) = [finding for finding in findings(CONFIG_MAP) if finding.cls.name == "limit-unknown"]
    problem = as_diagnostic(finding, {"file-0": Lines(CONFIG_MAP)})
    assert (problem.start, problem.end) == (Position(9, 7), Position(9, 7 + len("retention_perod")))


def test_yaml_error_has_line_and_column() -> None:
    with pytest.raises(DocumentError) as raised:
        read_texts({"loki.yaml": "limits_config:\n  a: [1\nb: 2\n"})
    assert unreadable(raised.value).start == Position(3, 2)
