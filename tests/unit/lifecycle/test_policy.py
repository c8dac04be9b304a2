from typing import Any

import pytest

from logops.lifecycle.policy import Action, Policy, PolicyError, Rule, When, differences, read_policy
from logops.render.storage import lifecycle_policy
from tests.support.environments import environment


def rule(**definition: Any) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": "chunks",
        "type": "Lifecycle",
        "definition": {
            "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["loki-chunks/application/"]},
            "actions": {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 30}}},
            **definition,
        },
    }


def test_rendered_lifecycle_policy_is_read_back() -> None:
    policy = read_policy(lifecycle_policy(environment("production"), "monitoring"))

    assert policy.rules[0] == Rule(
        "system-logs",
        ("system-logs/logs/",),
        {Action.COOL: When(30), Action.COLD: When(90), Action.DELETE: When(400)},
    )


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"filters": {"blobTypes": ["blockBlob"], "blobIndexMatch": []}}, "filter blobIndexMatch"),
        ({"actions": {"snapshot": {}}}, "actions on snapshot"),
        ({"actions": {"baseBlob": {"enableAutoTierToHotFromCool": {}}}}, "action enableAutoTierToHotFromCool"),
        (
            {"actions": {"baseBlob": {"tierToCool": {"daysAfterLastAccessTimeGreaterThan": 3}}}},
            "chunks, tierToCool: daysAfterLastAccessTimeGreaterThan",
        ),
        ({"filters": {}}, "not a lifecycle policy: KeyError: 'blobTypes'"),
        ({"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": "soon"}}}}, "'soon'"),
    ],
)
def test_unsupported_rule_is_refused_with_name_of_unsupported_part(definition: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        read_policy({"rules": [rule(**definition)]})


@pytest.mark.parametrize("document", [{}, {"rules": None}, {"rules": [7]}])
def test_invalid_policy_document_is_refused(document: Any) -> None:
    with pytest.raises(PolicyError, match="not a lifecycle policy"):
        read_policy(document)


def test_rule_prefixes_are_selected_per_container() -> None:
    assert Rule("one", ("logs/a/", "other/b/")).prefixes_in("logs") == ["a/"]
    assert Rule("whole", ("logs/",)).prefixes_in("logs") == [""]
    assert Rule("several", ("lo",)).prefixes_in("logs") == [""]
    assert Rule("all", ()).prefixes_in("logs") == [""]
    assert Rule("another", ("log/",)).prefixes_in("logs") is None


def test_policy_differences_are_reported_by_effect_of_rules() -> None:
    cool = Rule("a", ("logs/a/", "logs/b/"), {Action.COOL: When(30)})
    turned = Rule("a", ("logs/b/", "logs/a/"), {Action.COOL: When(30.0)})
    archives = Rule("a", ("logs/a/", "logs/b/"), {Action.COOL: When(30), Action.ARCHIVE: When(60)})
    off = Rule("a", ("logs/a/", "logs/b/"), {Action.COOL: When(30)}, enabled=False)
    other = Rule("z", (), {Action.DELETE: When(1)})

    def lines(*live: Rule) -> list[str]:
        return differences(Policy((cool,)), Policy(live))

    assert lines(turned) == []
    assert lines() == ["rule a is missing"]
    assert lines(cool, other) == ["rule z is not declared: delete after 1 d in the whole account"]
    assert lines(off) == ["rule a: disabled; declared: tierToCool after 30 d in logs/a/, logs/b/"]
    assert lines(archives) == [
        "rule a: tierToCool after 30 d, tierToArchive after 60 d in logs/a/, logs/b/; "
        "declared: tierToCool after 30 d in logs/a/, logs/b/"
    ]
