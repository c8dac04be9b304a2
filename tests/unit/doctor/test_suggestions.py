"""Did you mean: keys of Loki's configuration."""

import pytest
import yaml

from logops.doctor import DocumentError, read_texts
from tests.unit.doctor.files import VALUES, changed, findings


def test_file_with_only_a_mistyped_section_is_refused_with_the_section_that_is_meant() -> None:
    with pytest.raises(DocumentError) as raised:
        read_texts({"loki.yaml": "limit_config:\n  retention_period: 90d\n"})
    assert "with the keys limit_config (Did you mean limits_config?)" in str(raised.value)


@pytest.mark.parametrize("name", ["ingestor", "query-frontend", "queryFronted"])
def test_mistyped_component_of_the_chart_is_reported_with_the_component_that_is_meant(name: str) -> None:
    component = "ingester" if name == "ingestor" else "queryFrontend"
    values = dict(changed(VALUES))
    values[name] = values.pop(component)

    remedies = {f.subject.path: f.remedy for f in findings(yaml.safe_dump(values)) if f.cls.name == "helm-key-ignored"}
    assert remedies == {name: f"Write {component} instead."}


@pytest.mark.parametrize("name", ["patternIngester", "bloomGateway", "gateway", "singleBinary"])
def test_other_key_of_the_chart_is_not_reported_as_mistyped_component(name: str) -> None:

    text = yaml.safe_dump({**changed(VALUES), name: {"replicas": 0}})
    assert "helm-key-ignored" not in {finding.cls.name for finding in findings(text)}
