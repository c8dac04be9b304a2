"""Fields that a rollout leaves to a controller."""

import pytest

from logops.platforms.kubernetes.plan.left import is_left_to_controller, with_fields_of
from logops.platforms.kubernetes.plan.proposal import Conflict


@pytest.mark.parametrize(
    ("field", "owner", "is_left"),
    [
        (".spec.replicas", "kube-controller-manager", True),
        (".spec.replicas", "kubectl-edit", False),
        ('.spec.template.spec.containers[name="loki"].image', "kube-controller-manager", False),
    ],
)
def test_plain_field_of_a_controller_is_left_to_it(field: str, owner: str, is_left: bool) -> None:
    assert is_left_to_controller(Conflict(field, owner)) is is_left


def test_left_field_keeps_its_value_and_the_others_change() -> None:
    live, applied = {"spec": {"replicas": 5, "paused": True}}, {"spec": {"replicas": 3}}
    left = (Conflict(".spec.replicas", "kube-controller-manager"),)

    assert with_fields_of(applied, live, left) == {"spec": {"replicas": 5}}
    assert applied == {"spec": {"replicas": 3}}
