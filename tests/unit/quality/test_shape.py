"""Lines that do not have their declared form."""

from dataclasses import replace

from tests.support.quality import findings, healthy, only


def test_lines_that_do_not_parse_are_reported_with_their_share() -> None:
    finding = only(findings(replace(healthy(), unparsable=900)))

    assert finding.cls.name == "lines-unparsable"
    assert finding.message == "900 lines of 1,800 of application (50.0%) are not JSON. At most 1.0% may be."


def test_few_lines_that_do_not_parse_are_no_finding() -> None:
    assert findings(replace(healthy(), unparsable=18)) == []
