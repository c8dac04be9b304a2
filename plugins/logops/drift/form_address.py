"""The address of the form that triggers a rollout, filled in. The form itself is in `logops.airflow.rollout_form`."""

from collections.abc import Iterable
from urllib.parse import urlencode

PREFIX = "/logops-rollout"


def form_path(environment: str, stages: Iterable[str]) -> str:
    """Return the address of the filled form, relative to Airflow's.

    >>> form_path("local", ["loki", "rules"])
    'logops-rollout/?environment=local&stages=loki&stages=rules'
    """
    query = urlencode([("environment", environment), *(("stages", stage) for stage in stages)])
    return f"{PREFIX.removeprefix('/')}/?{query}"
