"""What other machines and other users reach of Airflow as `make up` starts it."""

from logops.quickstart import background
from logops.quickstart.airflow_api import AirflowApi
from tests.support.checkouts import Checkout
from tests.support.exposure import beyond_loopback, listening, open_to_others


def test_other_users_have_no_right_on_any_file_or_the_home_of_airflow(checkout: Checkout, airflow: AirflowApi) -> None:
    home = checkout.airflow.home
    assert {"airflow.cfg", "airflow.db", "simple_auth_manager_passwords.json.generated", "standalone.log"} <= {
        path.name for path in home.iterdir()
    }
    assert open_to_others(home) == []
    assert home.stat().st_mode & 0o777 == 0o700


def test_only_the_two_log_servers_of_airflow_listen_beyond_loopback(checkout: Checkout, airflow: AirflowApi) -> None:
    started = background.read(checkout.airflow.record)
    assert started is not None
    sockets = listening(background.members(started))

    assert checkout.port in sockets
    # Airflow has no setting for their address (airflow/utils/serve_logs/core.py).
    assert beyond_loopback(sockets) == {checkout.port + 1, checkout.port + 2}
