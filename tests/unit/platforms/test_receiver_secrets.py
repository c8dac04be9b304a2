"""The secrets of Alertmanager's receivers on the local platform."""

from pathlib import Path

import pytest

from logops.environment import Environment
from logops.platforms import open_local
from logops.platforms.local.receiver_secrets import ReceiverSecrets
from logops.platforms.platform import PlatformError
from logops.render import Files
from tests.support.environments import environment


def with_slack(url: dict[str, str]) -> Environment:
    receivers = {"on-call": {"slack": {"url": url, "channel": "#logs"}}}
    return environment("local", ("alerts", {"standard": {"receivers": receivers, "receiver": "on-call"}}))


SLACK = with_slack({"env": "SLACK_URL"})


def test_secret_is_stored_in_a_file_that_only_the_owner_can_read(tmp_path: Path) -> None:
    ReceiverSecrets(tmp_path / "secrets", SLACK, {"SLACK_URL": "https://hooks.example.com/x"}).store()

    file = tmp_path / "secrets" / "SLACK_URL"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("https://hooks.example.com/x", 0o600)
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_stored_secret_is_enough_without_its_variable(tmp_path: Path) -> None:
    ReceiverSecrets(tmp_path, SLACK, {"SLACK_URL": "https://hooks.example.com/x"}).store()

    later = ReceiverSecrets(tmp_path, SLACK, {})
    later.require()

    assert later.known() == {"SLACK_URL": "https://hooks.example.com/x"}


def test_variable_replaces_a_stored_secret(tmp_path: Path) -> None:
    ReceiverSecrets(tmp_path, SLACK, {"SLACK_URL": "old"}).store()

    ReceiverSecrets(tmp_path, SLACK, {"SLACK_URL": "new"}).store()

    assert (tmp_path / "SLACK_URL").read_text() == "new"


def test_receiver_without_its_variable_is_an_error_with_receiver_and_variable(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as error:
        ReceiverSecrets(tmp_path, SLACK, {}).require()

    assert str(error.value) == (
        "rolling out Alertmanager of local: alerts.standard.receivers.on-call needs the secret of environment variable "
        "SLACK_URL, which is not known here. Nothing was changed. Set the variable SLACK_URL. Then roll out again."
    )


def test_receiver_without_its_connection_is_an_error_with_both_ways(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"Create the Airflow connection 'slack' with the secret"):
        ReceiverSecrets(tmp_path, with_slack({"connection": "slack"}), {}).require()


def test_environment_without_secret_receivers_creates_no_folder(tmp_path: Path) -> None:
    ReceiverSecrets(tmp_path / "secrets", environment("local"), {}).store()

    assert not (tmp_path / "secrets").exists()


def test_plan_says_before_the_approval_which_receiver_has_no_secret_and_is_refused(tmp_path: Path) -> None:
    [mark] = open_local(with_slack({"connection": "slack"}), tmp_path).preview("storage", Files({})).marks

    assert (mark.cls.name, mark.subject, mark.refuses) == (
        "secret-missing",
        "alerts.standard.receivers.on-call",
        "always",
    )
    assert mark.message == (
        "alerts.standard.receivers.on-call needs the secret of Airflow connection 'slack', which is not known here."
    )
    assert mark.remedy == (
        "Create the Airflow connection 'slack' with the secret as its password, or set the variable "
        "LOGOPS_CONNECTION_SLACK. Then plan again."
    )


def test_plan_of_an_environment_whose_secrets_are_known_has_no_mark(tmp_path: Path) -> None:
    assert list(ReceiverSecrets(tmp_path, SLACK, {"SLACK_URL": "https://hooks.example.com/x"}).marks()) == []
