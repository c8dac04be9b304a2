"""The address of the page in Airflow. Airflow reads this module whenever it parses a DAG file: no heavy imports."""

from urllib.parse import quote, urlsplit

from logops.airflow.docs_pages import base_url

PREFIX = "/logops-page"
URL_ROUTE = "log-platform"


def page_url(environment: str) -> str:
    """Return the full address of the page of an environment, inside of Airflow.

    Behind `/plugin/log-platform` comes the whole path of the page, with the path of Airflow's own address.
    """
    address = base_url()
    return f"{address}/plugin/{URL_ROUTE}{urlsplit(address).path}{PREFIX}/{quote(environment)}"
