"""Laws of joining lifecycle rules: every blob is treated as before, and Azure's limits are kept if possible."""

from hypothesis import given, settings
from hypothesis import strategies as st

from logops.environment.storage import LifecycleRule
from logops.render.storage import MAX_PREFIXES, MAX_RULES, JoinedRule, join_rules

CONTAINERS = ("logs", "loki-chunks")
FOLDERS = ("", "a", "a/", "a/b/", "ab/", "b/", "index")
names = st.sampled_from([f"{folder}{rest}" for folder in FOLDERS for rest in ("", "x", "a/x")])
days = st.none() | st.sampled_from([7, 30])


@st.composite
def rule_lists(draw: st.DrawFn) -> list[LifecycleRule]:
    """Draw more rules than a policy can have. Many share their actions, and some prefixes begin with others."""
    count = draw(st.integers(MAX_RULES + 1, MAX_RULES + 40))
    palette = draw(
        st.lists(
            st.tuples(days, days, days).filter(any),
            min_size=1,
            max_size=4,
        )
    )
    random = draw(st.randoms(use_true_random=False))
    rules = []
    for number in range(count):
        cool, cold, delete = random.choice(palette)
        prefix = random.choice((*FOLDERS, f"team{number}/"))
        rules.append(
            LifecycleRule(
                name=f"rule-{number}",
                container=random.choice(CONTAINERS),
                prefix=prefix,
                cool_after=cool,
                cold_after=cold,
                delete_after=delete,
            )
        )
    return rules


def separate(rules: list[LifecycleRule]) -> list[JoinedRule]:
    """Return each rule alone: at most as many as are never joined."""
    return [alone for rule in rules for alone in join_rules([rule])]


def applied(rules: list[JoinedRule], blob: str) -> set[tuple[str, int]]:
    """Return every action that some rule takes on a blob, with its days."""
    return {action for rule in rules if blob.startswith(rule.prefixes) for action in rule.actions}


@settings(max_examples=20)
@given(rule_lists(), st.sampled_from(CONTAINERS), names)
def test_joined_rules_do_to_every_blob_what_the_separate_rules_do(
    rules: list[LifecycleRule], container: str, name: str
) -> None:
    blob = f"{container}/{name}"

    assert applied(join_rules(rules), blob) == applied(separate(rules), blob)


@settings(max_examples=20)
@given(rule_lists())
def test_joined_rules_have_at_most_ten_prefixes_each_and_names_of_their_own(rules: list[LifecycleRule]) -> None:
    joined = join_rules(rules)

    assert max(len(rule.prefixes) for rule in joined) <= MAX_PREFIXES
    assert len({rule.name for rule in joined}) == len(joined)


@settings(max_examples=20)
@given(rule_lists())
def test_joined_rules_use_no_more_rules_than_their_prefixes_need(rules: list[LifecycleRule]) -> None:
    joined = join_rules(rules)

    for actions in {rule.actions for rule in joined}:
        same = [rule for rule in joined if rule.actions == actions]
        assert len(same) == -(-sum(len(rule.prefixes) for rule in same) // MAX_PREFIXES)


@settings(max_examples=20)
@given(rule_lists())
def test_joined_rules_do_not_depend_on_the_order_of_tenants(rules: list[LifecycleRule]) -> None:
    shuffled = sorted(rules, key=lambda rule: rule.name[::-1])

    assert [(rule.actions, rule.prefixes) for rule in join_rules(shuffled)] == [
        (rule.actions, rule.prefixes) for rule in join_rules(rules)
    ]


def test_rules_within_the_limit_stay_alone_in_their_order() -> None:
    rules = [
        LifecycleRule(name=f"rule-{number}", container="logs", prefix=f"{number}/", cool_after=30)
        for number in range(MAX_RULES)
    ]

    assert [rule.name for rule in join_rules(rules)] == [rule.name for rule in rules]
