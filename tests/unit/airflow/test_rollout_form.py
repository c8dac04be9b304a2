"""The form that triggers a rollout, filled in from an address."""

import re

from logops.airflow.rollout_form import form_page
from logops.stages import STAGES

NAMES = ["local", "trial"]


def checked(page: str) -> list[str]:
    return re.findall(r'value="(\w+)" checked', page)


def test_form_has_the_environment_and_the_stages_of_its_address() -> None:
    page = form_page(NAMES, "trial", ["rules", "loki"])
    assert "<option selected>trial</option>" in page
    assert checked(page) == ["loki", "rules"]


def test_form_without_stages_has_all() -> None:
    assert checked(form_page(NAMES, "local", [])) == list(STAGES)


def test_name_in_the_address_that_does_not_exist_is_not_on_the_form() -> None:
    page = form_page(NAMES, '"><script>alert(1)</script>', ["<b>", "loki"])
    assert "alert(1)" not in page
    assert "<b>" not in page
    assert checked(page) == ["loki"]


def test_form_triggers_below_the_path_of_airflow() -> None:
    page = form_page(NAMES, "local", [])
    assert 'data-api="../api/v2/dags/rollout/dagRuns"' in page
