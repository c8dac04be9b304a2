"""The address of the page in Airflow. Airflow reads this module whenever it parses a DAG file: no heavy imports."""

from urllib.parse import quote

from logops.airflow.docs_pages import base_url

PREFIX = "/logops-page"
URL_ROUTE = "log-platform"


def page_url(environment: str) -> str:
    """Return the full address of the page of an environment, inside of Airflow."""
    return f"{base_url()}/plugin/{URL_ROUTE}{PREFIX}/{quote(environment)}"
