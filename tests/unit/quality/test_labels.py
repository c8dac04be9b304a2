"""Labels of streams."""

from dataclasses import replace

from tests.support.quality import STREAM, findings, healthy, only


def without(label: str) -> dict[str, str]:
    return {name: value for name, value in STREAM.items() if name != label}


def test_stream_without_required_label_is_reported_with_the_label() -> None:
    finding = only(findings(replace(healthy(), streams=[STREAM, without("service")])))

    assert finding.cls.name == "labels-unexpected"
    assert finding.message == "application: the label service is missing in 1 of 2 streams."


def test_label_that_is_not_allowed_is_reported() -> None:
    measure = replace(healthy(), streams=[{**STREAM, "request_id": "7"}])
    finding = only(findings(measure, ("sources.application.expect", {"allowed_labels": []})))

    assert finding.message == "application: the label request_id is not allowed; it is in 1 of 1 stream."


def test_label_that_agents_and_loki_add_is_allowed() -> None:
    measure = replace(healthy(), streams=[{**STREAM, "filename": "/a", "service_name": "api"}])

    assert findings(measure, ("sources.application.expect", {"allowed_labels": []})) == []


def test_unknown_level_is_reported() -> None:
    measure = replace(healthy(), streams=[{**STREAM, "level": "fatl"}])
    finding = only(findings(measure, ("sources.application.expect", {"levels": ["info", "error"]})))

    assert finding.message == "application: unknown levels: fatl."


def test_unknown_level_that_is_a_secret_is_masked() -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    measure = replace(healthy(), levels={"info": 9, token: 1})
    finding = only(findings(measure, ("sources.application.expect", {"levels": ["info"]})))

    assert finding.message == "application: unknown levels: [secret: github-token]."
    assert token not in str(finding)


def test_unknown_level_of_security_cluster_is_counted_and_not_shown() -> None:
    measure = replace(healthy(), streams=[{**STREAM, "level": "word of a line"}])
    finding = only(
        findings(measure, ("sources.application.expect", {"levels": ["info"]}), ("clusters.main.data", "security"))
    )

    assert finding.message == "application: 1 unknown level."
    assert "word of a line" not in str(finding)


def test_line_that_logops_wrote_to_verify_a_source_is_no_finding() -> None:
    verification = {**STREAM, "level": "logops-verify"}

    assert (
        findings(replace(healthy(), streams=[verification]), ("sources.application.expect", {"levels": ["info"]})) == []
    )


def test_lines_that_do_not_parse_explain_missing_labels() -> None:
    finding = only(findings(replace(healthy(), unparsable=900, streams=[STREAM, without("level")])))

    assert finding.cls.name == "lines-unparsable"
    assert finding.message.endswith("It explains labels-unexpected of application.")


MANY = [{**STREAM, "user": str(number)} for number in range(200)]


def test_many_more_streams_than_in_the_run_before_are_reported_with_the_label() -> None:
    finding = only(findings(replace(healthy(), streams=MANY), streams_before=20))

    assert finding.cls.name == "cardinality-growing"
    assert finding.message == (
        "application has 200 streams, at most 1,000 are expected; 20 in the run before. The label user has 200 values."
    )


def test_more_streams_than_declared_are_reported_in_the_first_run() -> None:
    found = findings(replace(healthy(), streams=MANY), ("sources.application.expect", {"most_streams": 100}))

    assert only(found).cls.name == "cardinality-growing"


def test_same_number_of_streams_is_no_finding() -> None:
    assert findings(replace(healthy(), streams=MANY), streams_before=190) == []
