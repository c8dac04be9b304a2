from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from logops.clients.blob_storage.blobs import Tier, blobs_schema
from logops.lifecycle.due import due
from logops.lifecycle.policy import Action, Policy, Rule, When

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STEPS = {Action.COOL: When(30), Action.COLD: When(60), Action.ARCHIVE: When(90), Action.DELETE: When(400)}


def blob(name: str, days: float, tier: Tier = Tier.HOT, changed: float | None = None) -> dict[str, object]:
    return {
        "name": name,
        "size": 1,
        "tier": int(tier),
        "tier_changed": None if changed is None else NOW - timedelta(days=changed),
        "modified": NOW - timedelta(days=days),
        "rehydrating": False,
    }


def actions(policy: Policy, *blobs: dict[str, object], container: str = "logs") -> list[Action]:
    batch = pa.RecordBatch.from_pylist([*blobs], schema=blobs_schema())
    return [Action(action) for action in due(batch, container, policy, NOW).tolist()]


def acts(days: float, tier: Tier = Tier.HOT, *, name: str = "a/x", changed: float | None = None) -> Action:
    (action,) = actions(Policy((Rule("all", ("logs/a/",), STEPS),)), blob(name, days, tier, changed))
    return action


def test_cheapest_due_action_is_chosen() -> None:
    ages = (30, 30.1, 61, 91, 401)
    assert [acts(days) for days in ages] == [Action.NONE, Action.COOL, Action.COLD, Action.ARCHIVE, Action.DELETE]


def test_blob_is_moved_only_to_colder_tier() -> None:
    assert acts(31, Tier.COOL) is Action.NONE
    assert acts(31, Tier.ARCHIVE) is Action.NONE
    assert acts(61, Tier.COOL) is Action.COLD
    assert acts(401, Tier.ARCHIVE) is Action.DELETE


def test_blob_with_unknown_tier_is_treated_as_hot() -> None:
    assert acts(31, Tier.UNKNOWN) is Action.COOL


def test_prefix_match_is_exact_and_case_sensitive() -> None:
    assert acts(31, name="A/x") is Action.NONE
    assert acts(31, name="ab/x") is Action.NONE


def test_disabled_rule_and_service_container_have_no_action() -> None:
    rule = Rule("all", (), STEPS)
    old = blob("x", 500)

    assert actions(Policy((rule,)), old) == [Action.DELETE]
    assert actions(Policy((Rule("all", (), STEPS, enabled=False),)), old) == [Action.NONE]
    assert actions(Policy((rule,)), old, container="$logs") == [Action.NONE]


def test_rehydrated_blob_is_archived_again_only_after_days_since_tier_change() -> None:
    policy = Policy((Rule("back", (), {Action.ARCHIVE: When(90, 7)}),))

    assert actions(policy, blob("x", 100, Tier.COOL, 3), blob("x", 100, Tier.COOL, 8), blob("x", 100)) == [
        Action.NONE,
        Action.ARCHIVE,
        Action.ARCHIVE,
    ]


@given(st.lists(st.tuples(st.floats(0, 500), st.sampled_from(Tier)), min_size=1, max_size=20))
def test_policy_has_no_action_after_its_actions_were_applied(blobs: list[tuple[float, Tier]]) -> None:
    policy = Policy((Rule("all", (), STEPS), Rule("cold", ("logs/b",), {Action.COLD: When(10)})))
    names = ("a", "b")
    before = [blob(names[nth % 2], days, tier) for nth, (days, tier) in enumerate(blobs)]
    done = actions(policy, *before)
    after = [
        {**one, "tier": int(action) or one["tier"]}
        for one, action in zip(before, done, strict=True)
        if action is not Action.DELETE
    ]

    assert not after or set(actions(policy, *after)) == {Action.NONE}
