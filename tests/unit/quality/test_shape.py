"""Lines that do not have their declared form."""

from dataclasses import replace
from datetime import timedelta

import pytest

from logops.quality.sources import source_groups
from tests.support.environments import environment
from tests.support.quality import AS_OF, STREAM, entry, findings, healthy, only

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""


def test_lines_that_do_not_parse_are_reported_with_their_share() -> None:
    finding = only(findings(replace(healthy(), unparsable=900)))

    assert finding.cls.name == "lines-unparsable"
    assert finding.message == "900 lines of 1,800 of application (50.0%) are not JSON. At most 1.0% may be."


def test_few_lines_that_do_not_parse_are_no_finding() -> None:
    assert findings(replace(healthy(), unparsable=18)) == []


def test_example_of_a_line_that_does_not_parse_is_shown_without_its_secret() -> None:
    sample = [entry('{"message": "fine"}'), entry(f"half a line, token {TOKEN}")]
    unparsable = next(
        finding
        for finding in findings(replace(healthy(), unparsable=900, sample=sample))
        if finding.cls.name == "lines-unparsable"
    )

    assert "For example: half a line, token [secret: " in unparsable.message
    assert TOKEN not in str(unparsable)


def test_line_of_a_security_cluster_is_never_an_example() -> None:
    sample = [entry("half a line")]
    finding = only(findings(replace(healthy(), unparsable=900, sample=sample), ("clusters.main.data", "security")))

    assert "half a line" not in str(finding)


def test_secret_in_a_line_is_reported_with_its_rule_and_without_its_value() -> None:
    finding = only(findings(replace(healthy((1,) * 30), sample=[entry(f'{{"message": "token {TOKEN}"}}')])))

    assert (finding.cls.name, finding.evidence["lines"]) == ("secret-in-logs", 1)
    assert TOKEN not in str(finding)


def test_secret_in_one_line_that_the_sample_does_not_have_is_found_by_its_keyword() -> None:
    sample = [entry('{"message": "fine"}')]
    token = [entry(f'{{"message": "{TOKEN}"}}')]
    finding = only(findings(replace(healthy(), sample=sample, with_keywords=token, has_all_keywords=True)))
    assert finding.message.startswith(
        "application: secret github-token in line. 1 of 1,800 lines contains 1 different value; every line was "
        "searched."
    )


def test_secrets_in_more_lines_than_a_search_returns_are_reported_without_a_bound() -> None:
    tokens = [entry(f'{{"message": "{TOKEN}"}}')] * 5
    finding = only(findings(replace(healthy(), sample=[entry("{}")], with_keywords=tokens)))
    assert finding.message.startswith(
        "application: secret github-token in line. 5 of 5 sampled lines contain 1 different value; the lines of the "
        "whole stream were not counted."
    )


def test_secret_is_reported_with_every_place_that_has_it() -> None:
    in_all = replace(entry(f'{{"message": "token {TOKEN}"}}', user=TOKEN), structured_metadata={"session": TOKEN})
    finding = only(findings(replace(healthy((1,) * 30), sample=[in_all])))

    assert finding.message.startswith(
        "application: secret github-token in label user, line, structured metadata session. A label of 1 of 2 streams "
        "contains it, which counts for each of its lines. 1 of 1 sampled line contains 1 different value; "
    )
    assert TOKEN not in str(finding)


def test_secret_in_label_of_stream_without_sampled_line_is_reported_with_label_name() -> None:
    streams = [STREAM, {**STREAM, "user": TOKEN}]
    finding = only(findings(replace(healthy(), streams=streams, sample=[entry('{"n": 1}')])))

    assert finding.message == (
        "application: secret github-token in label user. A label of 1 of 2 streams contains 1 different value; the "
        "sample has no line of these streams. For example: user=[secret: github-token]"
    )


def test_secret_is_reported_with_its_stream_and_the_query_for_the_seconds_that_have_it() -> None:
    lines = [entry(f'{{"message": "token {TOKEN}"}}', second, user=TOKEN) for second in (90, 60)]
    finding = only(findings(replace(healthy((1,) * 30), sample=lines)))
    first, end = (int((AS_OF - timedelta(seconds=second)).timestamp()) for second in (90, 59))

    assert finding.evidence["stream"] == (
        '{environment="production", job="oversight-app", level="info", service="api", user="[secret: github-token]"}'
    )
    assert finding.remedy_text.endswith(
        """--data-urlencode 'query={job="oversight-app", level="info", service="api", environment="production"}' """
        f"-d start={first}000000000 -d end={end}000000000`"
    )


def test_secret_in_label_of_security_cluster_is_reported_without_the_labels_of_its_stream() -> None:
    lines = [entry('{"message": "fine"}', user=TOKEN, host="MARK-7")]
    finding = only(findings(replace(healthy((1,) * 30), sample=lines), ("clusters.main.data", "security")))

    assert finding.evidence["stream"] == '{job="oversight-app"}'
    assert "MARK-7" not in str(finding)


@pytest.mark.parametrize(("may_have", "classes"), [(False, ["secret-in-logs"]), (True, [])])
def test_personal_data_is_reported_unless_the_source_may_have_it(may_have: bool, classes: list[str]) -> None:
    sample = [entry('{"message": "paid with 4111 1111 1111 1111"}')]
    found = findings(replace(healthy(), sample=sample), ("sources.application.expect", {"personal_data": may_have}))

    assert [finding.cls.name for finding in found] == classes


def test_copies_of_lines_are_reported_with_their_share() -> None:
    sample = [entry(f'{{"n": {number // 2}}}', number) for number in range(20)]
    finding = only(findings(replace(healthy(), sample=sample)))

    assert finding.cls.name == "duplicates"
    assert finding.message.startswith(
        "10 of 20 sampled lines of application are copies of another line (50.0%). At most 2.0% may be."
    )


def test_copies_explain_a_rate_that_is_too_high() -> None:
    sample = [entry(f'{{"n": {number // 2}}}', number) for number in range(20)]
    finding = only(
        findings(replace(healthy(), sample=sample), ("sources.application.expect", {"rate": {"at_most": 30}}))
    )

    assert " It explains rate-out-of-band of application." in finding.message


def test_trace_id_that_no_tracing_system_accepts_is_reported() -> None:
    sample = [replace(entry('{"n": 1}'), structured_metadata={"trace_id": "undefined"})]

    assert only(findings(replace(healthy(), sample=sample))).message.startswith(
        "1 of 1 sampled line of application have a trace_id that is not 32 hexadecimal digits."
    )


def test_sources_of_a_tenant_are_counted_by_one_query() -> None:
    application = next(group for group in source_groups(environment("local")) if group.tenant == "application")

    assert str(application.lines()) == r"{job=~`nginx|oversight\-app`}"
    assert application.source_of({"job": "nginx", "filename": "/a"}) == "access"
